/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * conf_types - values as administrators write them
 *
 * Every number is read into 64 bits and multiplied by its unit with a test for
 * overflow; limits are the business of the table of settings.
 */
#include "conf/conf_types.h"

struct unit {
    struct str name;
    int64_t factor;
};

/* A number of decimal digits, then one of the units. */
static int number_unit(struct str s, const struct unit *units, size_t count, int64_t *out)
{
    uint64_t n;
    if (str_eat_u64(&s, &n) != 0 || n > INT64_MAX)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (str_eq(s, units[i].name))
            return __builtin_mul_overflow((int64_t)n, units[i].factor, out) ? -1 : 0;
    }
    return -1;
}

int conf_type_duration(struct str s, int64_t *ms_out)
{
    static const struct unit units[] = {
        { STR_INIT("ms"), 1 },          { STR_INIT("s"), 1000 },      { STR_INIT("min"), 60000 },
        { STR_INIT("h"), 3600000 },     { STR_INIT("d"), 86400000 },  { STR_INIT("w"), 604800000 },
    };
    if (str_eq(s, STR("0"))) {
        *ms_out = 0;
        return 0;
    }
    return number_unit(s, units, sizeof units / sizeof units[0], ms_out);
}

int conf_type_size(struct str s, int64_t *bytes_out)
{
    static const struct unit units[] = {
        { STR_INIT(""), 1 },            { STR_INIT("k"), 1 << 10 },   { STR_INIT("K"), 1 << 10 },
        { STR_INIT("M"), 1 << 20 },     { STR_INIT("G"), 1 << 30 },
    };
    return number_unit(s, units, sizeof units / sizeof units[0], bytes_out);
}

/* Two digits behind the point at most: more would be cut in silence. */
int conf_type_weight(struct str s, int64_t *hundredths_out)
{
    bool negative = str_eat(&s, STR("-"));
    struct str fraction = s, whole = str_cut(&fraction, '.');
    uint64_t n, hundredths = 0;
    if (str_u64(whole, &n) != 0 || n > 1000000)
        return -1;
    if (whole.n < s.n) {
        if (fraction.n < 1 || fraction.n > 2 || str_u64(fraction, &hundredths) != 0)
            return -1;
        hundredths *= fraction.n == 1 ? 10 : 1;
    }
    int64_t sum = (int64_t)(n * 100 + hundredths);
    *hundredths_out = negative ? -sum : sum;
    return 0;
}

int conf_type_octal(struct str s, int64_t *mode_out)
{
    int64_t mode = 0;
    if (s.n < 3 || s.n > 4)
        return -1;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '7')
            return -1;
        mode = mode * 8 + (s.p[i] - '0');
    }
    *mode_out = mode;
    return 0;
}

int conf_type_number(struct str s, int64_t *number_out)
{
    bool negative = str_eat(&s, STR("-"));
    uint64_t n;
    if (str_u64(s, &n) != 0 || n > INT64_MAX)
        return -1;
    *number_out = negative ? -(int64_t)n : (int64_t)n;
    return 0;
}

int conf_type_mode(struct str s, enum conf_mode *mode_out)
{
    static const struct str names[] = {
        [CONF_OFF] = STR_INIT("off"),     [CONF_OBSERVE] = STR_INIT("observe"),
        [CONF_TAG] = STR_INIT("tag"),     [CONF_DEFER] = STR_INIT("defer"),
        [CONF_REFUSE] = STR_INIT("refuse"),
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (str_eq(s, names[i])) {
            *mode_out = (enum conf_mode)i;
            return 0;
        }
    }
    return -1;
}

int conf_type_bool(struct str s, bool *bool_out)
{
    *bool_out = str_eq(s, STR("yes")) || str_eq(s, STR("true")) || str_eq(s, STR("on"));
    return *bool_out || str_eq(s, STR("no")) || str_eq(s, STR("false")) || str_eq(s, STR("off"))
               ? 0
               : -1;
}

int conf_type_net(struct str s, struct conf_net *net_out)
{
    return ip_parse_net(s, &net_out->ip, &net_out->bits);
}

static int port_parse(struct str s, uint16_t *port_out)
{
    uint64_t n;
    if (str_u64(s, &n) != 0 || n == 0 || n > UINT16_MAX)
        return -1;
    *port_out = (uint16_t)n;
    return 0;
}

int conf_type_host_port(struct str s, struct ip *ip_out, uint16_t *port_out)
{
    size_t colon = str_rfind_c(s, ':');
    if (colon == STR_NONE || port_parse(str_skip(s, colon + 1), port_out) != 0)
        return -1;
    struct str host = str_head(s, colon);
    if (str_eq(host, STR("localhost")))
        return ip_parse(STR("127.0.0.1"), ip_out);
    if (str_eq(host, STR("*")))
        return ip_parse(STR("0.0.0.0"), ip_out);
    bool brackets = str_starts(host, STR("["));
    if (ip_parse(host, ip_out) != 0)
        return -1;
    return brackets == (str_find_c(host, ':') != STR_NONE) ? 0 : -1;
}

int conf_type_server(struct str s, struct ip *ip_out, uint16_t *port_out)
{
    struct str port = s, host = str_cut(&port, '@');
    *port_out = 53;
    if (str_starts(host, STR("[")) || ip_parse(host, ip_out) != 0)
        return -1;
    return host.n == s.n ? 0 : port_parse(port, port_out);
}

static bool label_valid(struct str label)
{
    if (label.n == 0 || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
        return false;
    for (size_t i = 0; i < label.n; i++) {
        if (!ascii_alnum(label.p[i]) && label.p[i] != '-' && label.p[i] != '_')
            return false;
    }
    return true;
}

bool conf_type_domain(struct str s)
{
    if (s.n == 0 || s.n > 253 || s.p[s.n - 1] == '.')
        return false;
    while (s.n > 0) {
        if (!label_valid(str_cut(&s, '.')))
            return false;
    }
    return true;
}
