/* private.h - what the files of generate/ share with what the build writes. */
#ifndef GENERATE_PRIVATE_H
#define GENERATE_PRIVATE_H

#include "generate/generate.h"

/* A file of a new plugin's project. @KIND@, @NAME@ and @VERSION@ stand for words. */
struct template
{
	const char *kind; /* of plugin; "every" */
	const char *path; /* below the project's folder */
	const char *text;
};

/* templates/plugin/, as the build has embedded it, sorted by kind and path. */
extern const struct template plugin_templates[];
extern const size_t plugin_template_count;

#endif
