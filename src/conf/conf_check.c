/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_check - settings that are well alone and wrong together
 *
 * A table of rules: what must not hold, the setting to point at, and the
 * sentence. A rule that could be wrong on some healthy server is a warning.
 */
#include "conf/conf_check.h"

#include <sys/stat.h>

#include "conf/conf_types.h"

struct rule {
    const char *section, *name;          /* what the administrator should look at */
    const char *other;                   /* another setting to look at, or NULL */
    bool (*broken)(const struct conf *c);
    const char *text;
};

/* --- what cannot be --- */

static bool no_door(const struct conf *c)
{
    return c->door.socket[0] == '\0' && c->door.listen.n == 0;
}

static bool too_many_doors(const struct conf *c)
{
    return c->door.listen.n + (c->door.socket[0] != '\0') > CONF_DOORS_MAX;
}

static bool same_sockets(const struct conf *c)
{
    return c->door.socket[0] != '\0' && str_eq(str_c(c->door.socket), str_c(c->control.socket));
}

static bool metrics_at_door(const struct conf *c)
{
    for (size_t i = 0; i < c->door.listen.n; i++) {
        if (str_eq(str_c(c->door.listen.v[i]), str_c(c->daemon.metrics)))
            return true;
    }
    return false;
}

static bool ban_beyond_max(const struct conf *c)
{
    return c->dictionary.ban_max_s < c->dictionary.ban_s;
}

static bool rest_beyond_max(const struct conf *c)
{
    return c->dnsbl.rest_max_s < c->dnsbl.rest_s;
}

static bool is_layout(const struct conf *c, struct str name)
{
    return str_eq(str_c(c->recipient.layout), name);
}

static bool tables_unused(const struct conf *c)
{
    return c->recipient.table_count > 0 && is_layout(c, STR("none"));
}

static bool files_without_tables(const struct conf *c)
{
    return c->recipient.table_count == 0 && is_layout(c, STR("files"));
}

static bool slow_above_good(const struct conf *c)
{
    return c->dictionary.attacked_unknown > c->dictionary.client_unknown;
}

static bool net_below_client(const struct conf *c)
{
    return c->dictionary.net_unknown < c->dictionary.client_unknown;
}

static bool root_without_layout(const struct conf *c)
{
    return c->recipient.root[0] != '\0' &&
           (is_layout(c, STR("none")) || is_layout(c, STR("files")));
}

static const struct rule rules[] = {
    { "door", "socket", "listen", no_door,
      "there is no door: nobody could ask. Set socket or listen in section door" },
    { "door", "listen", NULL, too_many_doors,
      "there are more than 16 doors: take some out of listen" },
    { "control", "socket", NULL, same_sockets,
      "the sockets of door and control have the same path: give each its own" },
    { "daemon", "metrics", NULL, metrics_at_door,
      "metrics has the address and port of a door: give it another port" },
    { "dictionary", "ban_max", "ban", ban_beyond_max,
      "ban_max is shorter than ban, the length of the first one: raise it" },
    { "dnsbl", "rest_max", "rest", rest_beyond_max,
      "rest_max is shorter than rest, the length of the first one: raise it" },
    { "recipient", "layout", NULL, tables_unused,
      "there are table sections, and layout = none would ignore them: set layout = files" },
    { "recipient", "layout", NULL, files_without_tables,
      "layout = files needs a table section: write one, or set layout = none" },
    { "recipient", "root", "layout", root_without_layout,
      "root is for the files of a panel or of Debian, and this layout has none: remove root" },
    { "dictionary", "attacked_unknown", "client_unknown", slow_above_good,
      "attacked_unknown is larger than client_unknown: under an attack less is needed, not more" },
    { "dictionary", "net_unknown", "client_unknown", net_below_client,
      "net_unknown is smaller than client_unknown: one client would ban all of its network" },
};

/* The line of the setting, 0 if it is not in the file. */
static unsigned line_of(const struct conf_text *text, const char *section, const char *name)
{
    const struct setting *row = settings_find(str_c(section), str_c(name));
    for (size_t i = 0; i < text->count; i++) {
        if (text->values[i].row == row)
            return text->values[i].line;
    }
    return 0;
}

static unsigned rule_line(const struct conf_text *text, const struct rule *r)
{
    unsigned line = line_of(text, r->section, r->name);
    return line > 0 || r->other == NULL ? line : line_of(text, r->section, r->other);
}

int conf_check(const struct conf *c, const struct conf_text *text, struct err *err)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (rules[i].broken(c))
            return conf_text_error(text, rule_line(text, &rules[i]), err, "%s", rules[i].text);
    }
    return 0;
}
