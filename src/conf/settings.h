/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * settings - the one table of all that can be set
 *
 * A row says everything of a setting: where it stands, what it may be, what it
 * is if nobody sets it, and what an administrator has to know of it. The reader
 * checks by these rows, `posternd --example` writes the example file from them
 * and `posternd --settings-man` the list in postern.conf(5). Whoever adds a
 * setting adds a field to conf.h and a row here, and nothing else.
 */
#ifndef POSTERN_CONF_SETTINGS_H
#define POSTERN_CONF_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* What a value is made of, and the type of its field. */
enum setting_type {
    SETTING_STRING,      /* const char * */
    SETTING_STRINGS,     /* struct conf_strings */
    SETTING_WORD,        /* const char *, one of the row's `words` */
    SETTING_BOOL,        /* bool */
    SETTING_MODE,        /* enum conf_mode */
    SETTING_NUMBER,      /* unsigned */
    SETTING_BIG,         /* uint64_t */
    SETTING_PORT,        /* uint16_t */
    SETTING_SIZE,        /* uint64_t, bytes */
    SETTING_MS,          /* unsigned, milliseconds */
    SETTING_SECONDS,     /* unsigned */
    SETTING_WEIGHT,      /* int, hundredths */
    SETTING_OCTAL,       /* unsigned, a file mode */
    SETTING_NETS,        /* struct conf_nets */
};

/* NULL if the value is well, else what is wrong with it and what to write instead: a constant that
 * goes on after the value in quotes, as `is no domain name`. */
typedef const char *setting_check(struct str value);

struct setting {
    const char *section, *name;
    enum setting_type type;
    size_t offset;               /* in struct conf, or in the struct of its titled section */
    const char *initial;         /* the default as in a file; of lists the members, blanks between;
                                    NULL: must be set */
    int64_t min, max;            /* of numbers, in the unit of the field */
    const char *const *words;    /* NULL-terminated */
    setting_check *check;        /* of a string, or each member of a list; NULL: all are well */
    bool secret;                 /* may hold a key: an error must not repeat it */
    const char *about;           /* sentences for the example and the manual */
    const char *example;         /* a value worth showing where the default is none, or NULL */
};

/* A section. One with a title may come several times, inside of another. */
struct setting_section {
    const char *name;            /* "dnsbl", "dnsbl.zone" */
    const char *about;
    const char *title;           /* what its title is, or NULL: then the rest is not used */
    setting_check *title_check;
    size_t size, title_offset;   /* of its struct */
    size_t items_offset, count_offset;   /* in struct conf */
};

extern const struct setting settings[];
extern const size_t settings_count;
extern const struct setting_section setting_sections[];
extern const size_t setting_sections_count;

/* The zones that are asked if a file names none; text as in a file. */
extern const char settings_zones[];

/* The row or section of that name, or NULL. */
const struct setting *settings_find(struct str section, struct str name);
const struct setting_section *settings_section(struct str name);

static inline bool setting_is_list(const struct setting *s)
{
    return s->type == SETTING_STRINGS || s->type == SETTING_NETS;
}

/* A number of the row's type as it is written in a file: `10s`, `64M`, `1.5`, `0660`. */
void setting_number(const struct setting *s, int64_t value, struct buf *out);

/* The whole example file; every setting is there, commented out at its default. */
void settings_example(struct buf *out);

/* The list of settings for postern.conf(5), in mdoc. */
void settings_man(struct buf *out);

/* The names that are nearest to a misspelt one: `name` of a setting in `section`, or of a section
 * where `section` is empty. Appends `: did you mean ...?`, where the setting belongs, or where all
 * are described. */
void settings_suggest(struct str section, struct str name, struct buf *out);

#endif
