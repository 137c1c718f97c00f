#include "server/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

const char schema_functions_sql[] =
	"SELECT p.proname::text, has_function_privilege(p.oid, 'EXECUTE'),"
	" p.prorettype::int8, a.name, a.type::int8"
	" FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
	" LEFT JOIN LATERAL unnest(p.proargnames, p.proargtypes::oid[])"
	" WITH ORDINALITY AS a(name, type, at) ON true"
	" WHERE n.nspname = 'call' ORDER BY p.proname, p.oid, a.at";

const char schema_types_sql[] =
	"SELECT t.oid::int8, n.nspname || '.' || t.typname, t.typtype::text,"
	" CASE WHEN t.typcategory = 'A' THEN t.typelem::int8 ELSE 0 END,"
	" t.typbasetype::int8, a.attname::text, a.atttypid::int8"
	" FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
	" LEFT JOIN pg_attribute a ON t.typtype = 'c' AND a.attrelid = t.typrelid"
	" AND a.attnum > 0 AND NOT a.attisdropped"
	" WHERE n.nspname IN ('api', 'call', 'data', 'refuse', 'auth')"
	" OR (n.nspname = 'pg_catalog' AND t.typtype = 'b')"
	" ORDER BY t.oid, a.attnum";

struct schema {
	struct schema_function *functions; /* by name */
	struct schema_type *types;         /* by oid */
	unsigned nfunctions, ntypes;
	struct schema_column *columns;
	char *text; /* every name, one after another */
};

/* Where names and columns are put while the answers are read. */
struct filler {
	struct schema *schema;
	size_t text, columns;
};

static const char *keep(struct filler *f, const PGresult *r, int row, int col)
{
	size_t len = (size_t)PQgetlength(r, row, col);
	char *at = f->schema->text + f->text;

	memcpy(at, PQgetvalue(r, row, col), len);
	at[len] = '\0';
	f->text += len + 1;
	return at;
}

static Oid oid_at(const PGresult *r, int row, int col)
{
	const unsigned char *p = (const unsigned char *)PQgetvalue(r, row, col);

	return (Oid)p[4] << 24 | (Oid)p[5] << 16 | (Oid)p[6] << 8 | (Oid)p[7];
}

static void keep_column(struct filler *f, const PGresult *r, int row, int name_col,
	unsigned *n)
{
	if (PQgetisnull(r, row, name_col) || PQgetisnull(r, row, name_col + 1))
		return;
	f->schema->columns[f->columns++] = (struct schema_column){
		keep(f, r, row, name_col), oid_at(r, row, name_col + 1) };
	(*n)++;
}

static void read_functions(struct filler *f, const PGresult *r)
{
	struct schema_function *last = NULL;

	for (int row = 0; row < PQntuples(r); row++) {
		if (!last || strcmp(last->name, PQgetvalue(r, row, 0)) != 0) {
			last = &f->schema->functions[f->schema->nfunctions++];
			last->name = keep(f, r, row, 0);
			last->executable = *PQgetvalue(r, row, 1) != 0;
			last->result = oid_at(r, row, 2);
			last->params = f->schema->columns + f->columns;
		}
		keep_column(f, r, row, 3, &last->n);
	}
}

static void read_types(struct filler *f, const PGresult *r)
{
	struct schema_type *last = NULL;

	for (int row = 0; row < PQntuples(r); row++) {
		if (!last || last->oid != oid_at(r, row, 0)) {
			last = &f->schema->types[f->schema->ntypes++];
			last->oid = oid_at(r, row, 0);
			last->name = keep(f, r, row, 1);
			last->kind = *PQgetvalue(r, row, 2);
			last->element = oid_at(r, row, 3);
			last->base = oid_at(r, row, 4);
			last->columns = f->schema->columns + f->columns;
		}
		keep_column(f, r, row, 5, &last->n);
	}
}

static size_t text_size(const PGresult *r)
{
	size_t size = 0;

	for (int row = 0; row < PQntuples(r); row++)
		for (int col = 0; col < PQnfields(r); col++)
			size += (size_t)PQgetlength(r, row, col) + 1;
	return size;
}

struct schema *schema_new(const PGresult *functions, const PGresult *types)
{
	struct schema *schema = calloc(1, sizeof(*schema));
	struct filler f = { .schema = schema };
	size_t rows;

	if (!schema || PQnfields(functions) != 5 || PQnfields(types) != 7) {
		free(schema);
		return NULL;
	}
	rows = (size_t)PQntuples(functions) + (size_t)PQntuples(types);
	schema->functions = calloc((size_t)PQntuples(functions) + 1,
		sizeof(*schema->functions));
	schema->types = calloc((size_t)PQntuples(types) + 1, sizeof(*schema->types));
	schema->columns = calloc(rows + 1, sizeof(*schema->columns));
	schema->text = malloc(text_size(functions) + text_size(types) + 1);
	if (!schema->functions || !schema->types || !schema->columns || !schema->text) {
		schema_free(schema);
		return NULL;
	}
	read_functions(&f, functions);
	read_types(&f, types);
	return schema;
}

void schema_free(struct schema *schema)
{
	if (!schema)
		return;
	free(schema->functions);
	free(schema->types);
	free(schema->columns);
	free(schema->text);
	free(schema);
}

const struct schema_function *schema_function(const struct schema *schema,
	const char *name)
{
	for (unsigned i = 0; i < schema->nfunctions; i++)
		if (strcmp(schema->functions[i].name, name) == 0)
			return &schema->functions[i];
	return NULL;
}

static int by_oid(const void *key, const void *type)
{
	Oid a = *(const Oid *)key, b = ((const struct schema_type *)type)->oid;

	return a < b ? -1 : a > b;
}

const struct schema_type *schema_type(const struct schema *schema, Oid oid)
{
	return bsearch(&oid, schema->types, schema->ntypes, sizeof(*schema->types),
		by_oid);
}

const struct schema_type *schema_base_type(const struct schema *schema, Oid oid)
{
	const struct schema_type *type = schema_type(schema, oid);

	while (type && type->kind == 'd')
		type = schema_type(schema, type->base);
	return type;
}
