#include "server/dbset.h"

/* An array in PostgreSQL's binary format, one dimension, from 1. */
static void put_array(struct buf *buf, struct db_call *const *calls, int n, int param,
	Oid element)
{
	bool nulls = false;

	for (int i = 0; i < n; i++)
		nulls |= !calls[i]->values[param];
	buf_u32(buf, 1);
	buf_u32(buf, nulls);
	buf_u32(buf, element);
	buf_u32(buf, (uint32_t)n);
	buf_u32(buf, 1);
	for (int i = 0; i < n; i++) {
		const char *value = calls[i]->values[param];

		buf_u32(buf, value ? (uint32_t)calls[i]->lengths[param] : UINT32_MAX);
		if (value)
			buf_put(buf, value, (size_t)calls[i]->lengths[param]);
	}
}

bool dbset_build(struct dbset *set, struct db_call *const *calls, int n)
{
	const struct db_statement *statement = calls[0]->statement->set;
	size_t at[DB_PARAMS + 1];

	set->buf = (struct buf){ 0 };
	for (int p = 0; p < statement->nparams; p++) {
		at[p] = set->buf.len;
		put_array(&set->buf, calls, n, p, statement->elements[p]);
	}
	at[statement->nparams] = set->buf.len;
	if (set->buf.failed)
		return false;
	for (int p = 0; p < statement->nparams; p++) {
		set->values[p] = (const char *)set->buf.data + at[p];
		set->lengths[p] = (int)(at[p + 1] - at[p]);
	}
	return true;
}

void dbset_free(struct dbset *set)
{
	buf_free(&set->buf);
}

/* An array of int4 in the same format: five words, then each with its length. */
static void give_row(struct db_call *const *calls, int n, int row, const uint8_t *places,
	size_t len)
{
	for (size_t at = 5 * 4; at + 8 <= len; at += 8) {
		uint32_t place = buf_get_u32(places + at + 4);

		if (place >= 1 && place <= (uint32_t)n)
			calls[place - 1]->row = row;
	}
}

void dbset_rows(struct db_call *const *calls, int n, const PGresult *result)
{
	int last = PQnfields(result) - 1;

	for (int i = 0; i < n; i++)
		calls[i]->row = -1;
	for (int row = 0; row < PQntuples(result) && last >= 0; row++)
		give_row(calls, n, row, (const uint8_t *)PQgetvalue(result, row, last),
			(size_t)PQgetlength(result, row, last));
}
