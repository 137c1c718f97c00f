/*
 * What the database says of itself: the functions of schema call that this role
 * may execute, their parameters, and the types these are made of.
 */
#ifndef SERVER_SCHEMA_H
#define SERVER_SCHEMA_H

#include <libpq-fe.h>
#include <stdbool.h>

/* The two questions; answered in binary, see schema_new. */
extern const char schema_functions_sql[];
extern const char schema_types_sql[];

/* A parameter, a result column or a member of a composite. */
struct schema_column {
	const char *name;
	Oid type;
};

struct schema_type {
	Oid oid;
	const char *name; /* schema-qualified */
	char kind;        /* pg_type.typtype: b, c composite, d domain, e enum */
	Oid element;      /* of an array, else 0 */
	Oid base;         /* of a domain, else 0 */
	const struct schema_column *columns; /* of a composite */
	unsigned n;
};

struct schema_function {
	const char *name;
	bool executable; /* by this role */
	Oid result;
	const struct schema_column *params; /* all, the wrapper's own first */
	unsigned n;
};

struct schema;

/* Copies what it needs.  NULL: out of memory, or not the two answers. */
struct schema *schema_new(const PGresult *functions, const PGresult *types);
void schema_free(struct schema *schema);

/* NULL: there is none. */
const struct schema_function *schema_function(const struct schema *schema,
	const char *name);
const struct schema_type *schema_type(const struct schema *schema, Oid oid);
/* The same with domains followed to what they are made of. */
const struct schema_type *schema_base_type(const struct schema *schema, Oid oid);

#endif
