/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * logline - one line of an Exim main log
 *
 *     DATE TIME[.mmm] [+hhmm ][[pid] ][message-id ][flag ]text
 *
 * In two steps, because most readers want little of most lines: logline_parse()
 * takes the prefix and says which class of line it is; then one function for
 * each class takes the text apart.
 *
 * Senders choose the sender address, the HELO name, the ident string, the
 * Message-ID and the subject. Fields are therefore taken by their place in the
 * fixed order in which receive.c and deliver.c write them, each by its own
 * grammar, and never searched for: `id="a U=root P=local"@x` is a Message-ID.
 *
 * Nothing is allocated; all views point into the line; any bytes are taken.
 * Source: exim receive.c, deliver.c, log.c, exim.c; the Exim specification,
 * chapter "Log files".
 */
#ifndef POSTERN_MAIL_LOGLINE_H
#define POSTERN_MAIL_LOGLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum line_class {
    LINE_OTHER,        /* a log line that none of the rest describes */
    LINE_ARRIVAL,      /* <=  and (= (fakereject) */
    LINE_DELIVERY,     /* =>  ->  >>  *> */
    LINE_FAILURE,      /* ** */
    LINE_DEFERRAL,     /* == */
    LINE_COMPLETED,    /* Completed [QT=] */
    LINE_CWD,          /* cwd=DIR n args: ... */
    LINE_CWD_MORE,     /* ... continued arguments (a line that begins "...") */
    LINE_REJECTED,     /* rejected or temporarily rejected: RCPT, MAIL, DATA, EHLO, connection,
                          by non-SMTP ACL */
    LINE_AUTH_FAILED,  /* <name> authenticator failed for ... */
    LINE_CONNECT,      /* SMTP connection from ... (and its end: closed by QUIT, lost, D=...) */
    LINE_CPANEL_SENDER,     /* Sender identification U= D= S= */
    LINE_CPANEL_CONNECTION, /* SMTP connection identification H= A= P= M= U= ID= S= B= */
    LINE_CPANEL_OUTBOUND,   /* SMTP connection outbound ... */
    LINE_FROZEN,       /* frozen by, Message is frozen, *** Frozen */
    LINE_CANCELLED,    /* removed by ..., cancelled by ..., rescind the above message-accept,
                          SMTP connection lost after final dot, SMTP data timeout: ends a message */
    LINE_QUEUE_RUN,    /* Start/End queue run: pid= */
    LINE_CLASSES
};

/* "No zone in the line": the zone must be known from elsewhere. */
#define LOGLINE_NO_OFFSET INT32_MIN

/* The prefix. `stamped` is the digits of the date as though they were UTC. */
struct logline {
    struct str raw;       /* the whole line, without its line end */
    int64_t stamped;      /* seconds; see has_date */
    bool has_date;        /* false: only syslog's date without a year: see below */
    uint32_t usec;        /* of +millisec, else 0 */
    int32_t offset;       /* seconds east, or LOGLINE_NO_OFFSET */
    uint64_t pid;         /* of +pid or of syslog; 0 = none */
    struct str id;        /* 16 or 23 bytes, or empty */
    enum line_class class;
    char flag[2];         /* "<=", "(=", "=>", "->", ">>", "*>", "**", "==", else two NULs */
    struct str text;      /* what follows the id and the flag */
};

/* What the line alone cannot say. Zeroed is "nothing known". */
struct logline_hint {
    int year;             /* for syslog dates: the year of the line before (0: unknown) */
    int month;            /* the month of the line before: December before January is a new year */
    char minute[16];      /* `YYYY-MM-DD HH:MM` of the line before, and what it came to: most */
    int64_t minute_at;    /* lines share it with their neighbour, so dates are rarely computed */
};

/* Take the prefix of one line (no LF in it). 0 and *line_out, or -1 if it is no line of an
 * Exim log. Takes Exim's own format in every selector, and syslog in both date
 * forms (`Feb 14 18:12:33 host exim[1]: ` and RFC 3339), with and without
 * Exim's own stamp inside. `hint` may be NULL; it is updated from lines that
 * carry a year and used for those that do not. A syslog date without a year and
 * without a hint gives has_date = false and stamped = seconds into a leap year.
 * Whatever the program is called (exim, exim4, a name of the administrator's):
 * a syslog line is taken if what follows looks like Exim's text. */
int logline_parse(struct str raw, struct logline_hint *hint, struct logline *line_out);

/* The host of an H= field. Everything but `ip` is what the client or its DNS
 * said. Only the last bracket is trustworthy. */
struct line_host {
    struct str name;      /* verified name, or empty */
    struct str helo;      /* what stood in parentheses, or empty */
    struct str ip;        /* without brackets and port; or empty */
    uint16_t port;        /* 0 = not logged */
};

/* LINE_ARRIVAL. Absent fields are empty views and zeros. */
struct line_arrival {
    struct str sender;    /* without <>; empty for the null sender */
    bool null_sender;
    bool fakereject;      /* (= */
    struct str bounce_of; /* R= : id of the message that this one reports on (or its Message-ID) */
    struct line_host host;
    bool has_host;
    struct str interface; /* I=[ip]:port without brackets: the ip */
    struct str user;      /* U= : login for P=local, ident of the client otherwise */
    struct str connection;/* Ci= */
    struct str protocol;  /* P= */
    struct str cipher;    /* X= */
    struct str auth;      /* A= : authenticator name */
    struct str auth_id;   /* A= : the id behind the first colon: the mailbox */
    struct str auth_sender; /* A= : third part */
    struct str proxy;     /* PRX= */
    uint64_t size;        /* S=; 0 when absent */
    struct str queue;     /* Q= */
    struct str message_id;/* id= without the text `id=`; may hold spaces */
    struct str subject;   /* T= between the quotes, still escaped; see logline_unescape() */
    bool has_subject;
    bool subject_cut;     /* no closing quote: the line was cut */
    struct str from;      /* `from <...>` of received_sender, without <> */
    bool has_for;
    struct str recipients;/* what follows ` for `: space-separated; walk with logline_recipient() */
    uint32_t recipient_count; /* how many it would give, or 0 if that is not known */
    bool cut;             /* the line is as long as Exim's buffer, or ends in its mark: there may be
                             more recipients than the line names */
    bool ambiguous;       /* a HELO name, ident or DN imitates fields: the host may be what the
                             client wrote, user and protocol are left empty. auth is Exim's */
};

/* Take the text of an arrival apart. 0, or -1 if it does not have the shape of one: it was cut,
 * or the client made it so that it can be read in several ways. Then sender and null_sender hold,
 * has_host says whether it came from a host, host.ip is the last bracket that can be one, and all
 * the rest is empty: nothing is put down to a user or a mailbox on the word of such a line. */
int logline_arrival(const struct logline *line, struct line_arrival *out);

/* The next recipient of `*list` (quoted local parts may hold spaces). False at
 * the end. */
bool logline_recipient(struct str *list, struct str *address_out);

/* LINE_DELIVERY, LINE_FAILURE, LINE_DEFERRAL. */
struct line_delivery {
    struct str address;   /* as delivered: also `:blackhole:`, `/file`, `|cmd`, `>addr` */
    struct str parents;   /* between parentheses, or empty */
    struct str original;  /* between <>, the original recipient; empty if it is `address` itself */
    struct str sender;    /* F=<...> */
    bool has_sender;
    struct str return_path; /* P=<...> */
    struct str router;    /* R= */
    struct str transport; /* T= */
    uint64_t size;        /* S= */
    struct line_host host;
    bool has_host;
    struct str cipher;    /* X= */
    struct str auth;      /* A= */
    struct str confirmation; /* C="..." between the quotes, still escaped */
    struct str text;      /* ** and ==: the message; == : from `defer (` on */
    bool discarded;       /* => :blackhole:, => discarded, => blackhole (...) */
};

/* Take the text of a delivery, failure or deferral apart. As logline_arrival(). */
int logline_delivery(const struct logline *line, struct line_delivery *out);

/* Only the address and the original address of such a line: the fast path for
 * counting. Same results as logline_delivery() for these. */
int logline_delivery_address(const struct logline *line, struct str *address_out,
                             struct str *original_out);

/* LINE_CWD. */
enum cwd_mode {
    CWD_SUBMIT,           /* hands Exim a message: -t, -i, -bm, -oi, -f, recipients, no option */
    CWD_SUBMIT_SMTP,      /* -bs, -bS */
    CWD_BOUNCE,           /* -E<id> among the arguments: Exim's own report on that id */
    CWD_OTHER,            /* -bp, -q, -M..., -bV, -bd, -bi ...: no submission */
};

struct line_cwd {
    struct str dir;       /* not escaped: may hold anything, even ` 3 args:`; empty if `(failed)` */
    uint64_t argc;        /* as the line says it */
    struct str args;      /* after `args: ` : walk with logline_arg() */
    struct str program;   /* the first of them: how Exim was called */
    struct str operands;  /* the others: walk with logline_arg() or logline_arg_recipient() */
    enum cwd_mode mode;
    struct str sender;    /* of -f/-r, `-f addr` or `-faddr`, without <>; */
    bool has_sender;      /* -f <> gives has_sender and an empty sender */
    struct str full_name; /* -F */
    struct str parent;    /* of -E: id, or empty */
    bool reads_recipients;/* -t */
    bool cut;             /* the arguments end in ` ...` and go on in the next line */
};

/* Take a cwd line apart. The end of the directory is the ` N args:` whose N agrees
 * with the number of arguments behind it; of several the last that does not stand
 * inside of a quoted argument, so that ` 3 args:` in a path or an argument deceives
 * nobody; when none agrees, the last. 0 or -1. */
int logline_cwd(const struct logline *line, struct line_cwd *out);

/* True if ` N args:` stands somewhere in the text, so that logline_cwd() finds an end of the
 * directory. Without it the directory has a line end in its name, and goes on in the next line. */
bool logline_cwd_whole(struct str text);

/* The next argument: a word, or what stands in quotes (quotes removed). False at the end. */
bool logline_arg(struct str *args, struct str *arg_out);

/* Recipients among the arguments of a submission: those that are no options
 * and no values of options. The next one, stepping over the rest. */
bool logline_arg_recipient(struct str *args, struct str *address_out);

/* LINE_REJECTED. */
struct line_rejected {
    struct line_host host;
    bool has_host;
    struct str sender;    /* F=<...> */
    bool has_sender;
    struct str auth_id;   /* A=name:id */
    struct str what;      /* "RCPT", "MAIL", "DATA", "EHLO", "connection", "non-SMTP" ...; empty:
                             the message */
    struct str recipient; /* of `rejected RCPT <...>`, without <> */
    bool temporary;
    struct str text;      /* the reason */
};
int logline_rejected(const struct logline *line, struct line_rejected *out);

/* LINE_CPANEL_SENDER and LINE_CPANEL_CONNECTION: cPanel's own lines; the letters mean
 * something else than in Exim's. Empty where absent. */
struct line_cpanel {
    struct str user;      /* U= */
    struct str domain;    /* D= */
    struct str sender;    /* S= */
    struct str host, ip, port;    /* H= A= P= */
    struct str basis;     /* B= : authenticated_local_user, relayhosts_domain, redirect_resolver */
    struct str original, forward; /* O= E= of a redirect */
};
int logline_cpanel(const struct logline *line, struct line_cpanel *out);

/* LINE_CONNECT: the client of `SMTP connection from ...`. 0 or -1. */
int logline_connect(const struct logline *line, struct line_host *host_out, bool *closed_out);

/* Undo Exim's escaping of a T= or C= text: \" \\ \n \r \t \b \f \v and \ooo. At most
 * `size` bytes go to `dst` (no NUL is added); returns how many. The result may
 * hold any byte: print it with buf_add_safe(). */
size_t logline_unescape(struct str s, char *dst, size_t size);

/* The name of a class, for messages and tests: "arrival", "delivery" ... */
const char *line_class_name(enum line_class class);

#endif
