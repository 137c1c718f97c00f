#include "client/papers.h"

static const struct paper_text papers[] = {
#include "papers.inc"
};

const struct paper_text *papers_all(size_t *n)
{
	*n = sizeof(papers) / sizeof(papers[0]);
	return papers;
}
