/*
 * A form: the text a paper is made from (client/papers/, or a college's own).
 *
 * One line, one thing on the paper; {field} is a value of the replies, by the
 * names of the messages, as everywhere in this program.  No I/O.
 *
 *	# a note
 *	name 申报表                      what `zhibu print list` shows
 *	request show_application application_id
 *	request list_people org_id={org_id}    one more, asked with a value of the first
 *	across                          landscape
 *	title “最强党支部”申报表
 *	centre heading subheading body plain sign note   paragraphs (paper.h)
 *	document {text}                 a whole text with its title, body and signature,
 *	                                parted by blank lines
 *	once subheading {group_title}   only where it differs from the time before;
 *	                                rows of a table as well
 *	table 2 3 3                     widths of the columns
 *	head 序号 | 项目 | 说明
 *	row {n} | {text} | {narrative}  the last cell takes the columns that are left
 *	row {text} | *counts | {blank}  a list, one value a cell, in the columns left
 *	                                (*options.text: that field of every element)
 *	each items                      for every element of a list; {n} counts them,
 *	                                {value} is the element of a list of plain values
 *	if grade            unless grade           if state=LOCKED
 *	end                             of table, each, if
 *	page                            a new one
 *
 * {n}, {today} and {doc_no} (the number given by hand, else a place for it) are
 * known everywhere; a name is looked for from the innermost `each` outwards.
 */
#ifndef CLIENT_PAPER_FORM_H
#define CLIENT_PAPER_FORM_H

#include "client/out.h"
#include "client/paper.h"

#include <protobuf-c/protobuf-c.h>

#define PAPER_FORM_BYTES_MAX (1 << 16)
#define PAPER_FORM_LINES_MAX 400
#define PAPER_FORM_DEPTH_MAX 8
#define PAPER_FORM_REQUESTS_MAX 4
#define PAPER_FORM_FIELDS_MAX 4

/* What is asked of the server; `value` NULL: what the person typed. */
struct paper_request {
	const ProtobufCFieldDescriptor *member; /* of Request.body */
	unsigned n;
	const ProtobufCFieldDescriptor *fields[PAPER_FORM_FIELDS_MAX];
	const char *values[PAPER_FORM_FIELDS_MAX]; /* text with {field} */
};

struct paper_form {
	const char *name;
	bool across;
	unsigned n_requests;
	struct paper_request requests[PAPER_FORM_REQUESTS_MAX];
	unsigned n;
	struct paper_form_line *lines; /* in the arena */
};

/* Where reading stopped: a key error.print_... and the word it is about. */
struct paper_trouble {
	unsigned line;
	const char *key, *word;
};

/* Reads a form and checks every name against the messages, so that a form that
 * was read can be filled.  Everything lives in the arena. */
bool paper_form_read(struct arena *arena, const char *text, size_t len,
		     struct paper_form *form, struct paper_trouble *trouble);

/* What was answered so far: the messages within the replies, in the order of the
 * requests. */
struct paper_facts {
	struct out *out;        /* makes the values' texts */
	unsigned n;
	const ProtobufCMessage *replies[PAPER_FORM_REQUESTS_MAX];
	const char *doc_no;     /* NULL: a place is left for it */
	const char *today;
};

/* 2026年12月4日, as a date stands on paper. */
const char *paper_form_day(struct out *out, int32_t days);
/* A text with its {fields} replaced; NULL: no memory. */
const char *paper_form_text(struct arena *arena, const struct paper_facts *facts,
			    const char *text);
/* False: no memory. */
bool paper_form_fill(const struct paper_form *form, const struct paper_facts *facts,
		     struct paper *paper);

#endif
