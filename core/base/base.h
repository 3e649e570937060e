/* base.h - the ground floor: memory, text, errors, files, hashes, clocks.
 * No word of the domain stands here. Nothing in base/ prints. */
#ifndef BASE_BASE_H
#define BASE_BASE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/parse.h"
#include "base/text.h"

#endif
