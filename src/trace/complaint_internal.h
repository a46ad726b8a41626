/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_internal - what the files of complaint_*.c share, and nobody else includes
 *
 *     complaint.c         the way in; what is gathered
 *     complaint_normal.c  bytes of any kind to bounded lines; mbox
 *     complaint_mime.c    MIME parts, by GMime
 *     complaint_gmime.c   GMime itself
 *     complaint_text.c    header blocks in text; lost folding
 *     complaint_html.c    HTML to text
 */
#ifndef POSTERN_TRACE_COMPLAINT_INTERNAL_H
#define POSTERN_TRACE_COMPLAINT_INTERNAL_H

#include "base/buf.h"
#include "trace/complaint.h"

#define NORMAL_MAX ((size_t)16 << 20)   /* bytes of a message that are looked at */
#define NORMAL_LINE_MAX 65536           /* bytes of a line */
#define NORMAL_STRETCH_MAX ((size_t)1 << 20) /* bytes between two lines that could be boundaries */
#define NORMAL_DASHES_MAX 20000         /* lines that could be boundaries */
#define NORMAL_FIELDS_MAX 50000         /* lines that could be header fields */
#define NORMAL_COSTLY_MAX ((size_t)512 << 10) /* bytes of fields that GMime takes apart */
#define NORMAL_MARKS_MAX 100            /* colons and commas in such a field: groups of addresses
                                           nest, lists without @ are tried anew at each comma */
#define DECODE_MAX ((size_t)64 << 20)   /* bytes of all decoded parts together */

/* What is being gathered. */
struct findings {
    struct arena *arena;
    struct complaint *out;
    size_t block_max;      /* room in out->blocks */
    size_t keep_left;      /* bytes of header blocks that may still be kept */
    size_t decode_left;    /* bytes of parts that may still be decoded */
    unsigned parts;        /* MIME parts looked at */
    struct buf text;
};

/* Where in the complaint we are. */
struct place {
    const char *path;      /* "", "2", "2.1": number of the part */
    const char *name;      /* of the part that holds this message, printable; NULL at the top */
    unsigned nest;         /* multiparts and messages around it: at most COMPLAINT_DEPTH_MAX */
    unsigned depth;        /* of a header found here: see complaint_block */
    bool in_report;        /* directly in a report: a message here is what it returns */
    bool returned;         /* this message is what a report or a bounce returns */
    bool within;           /* in the body of such a message */
};

/* complaint.c */

/* Keep a header block, last; one that is there already is not kept again. `where` is printable. */
void findings_block(struct findings *f, struct str header, const char *where,
                    const struct place *at);

/* Move block `from` to the place `to` before it; those between move up. */
void findings_move(struct complaint *c, size_t from, size_t to);

/* Keep text in which ids may be. */
void findings_text(struct findings *f, struct str text, const struct place *at);

/* Take a message apart that is not yet normal: the complaint itself, or a
 * decoded part that holds one. */
void findings_message(struct findings *f, struct str bytes, const struct place *at);

/* complaint_normal.c */

/* Bytes as they came to bounded lines: no NUL, no byte order mark, LF line ends, the ceilings
 * above. Appends to `b`, whose own ceiling must be NORMAL_MAX. True if something
 * that may have mattered was left out. */
bool complaint_normal(struct str bytes, struct buf *b);

/* complaint_mime.c */

/* A normal message that begins with its header. */
void complaint_mime(struct findings *f, struct str message, const struct place *at);

/* complaint_text.c */

/* As header_is_field(), but for text that is not known to be a header: the name
 * must look like one that mail programs write. */
bool complaint_is_field(struct str line, struct str *name_out);

/* In what is known to be a header, `Subject : x` and `X-Spam:yes` are fields, too. The wrapped rest
 * of a line looks like neither: its first word has a bracket, a digit first or two colons.
 * What is no field and has no blank in front continues the field before it (complaint_repair). */
bool complaint_is_header_field(struct str line);

/* The lines of a header, up to the empty line or a MIME boundary, with wrapped
 * lines made continuations again. Appends to `b`; returns the bytes used. */
size_t complaint_repair(struct str raw, struct buf *b);

/* True if a Received field stands within another field of mail servers: the header was
 * pasted as one line. */
bool complaint_one_line(struct str header);

/* Find header blocks in text and gather them. `what` is printable. */
void complaint_text(struct findings *f, struct str text, const char *what, const struct place *at);

/* Received fields of a header, and how many of its fields any mail program knows. */
unsigned complaint_received(struct str header, unsigned *known_out);

/* complaint_html.c */

/* True if the text has tags or entities of HTML in it. */
bool complaint_html_looks(struct str text);

/* Append the text of HTML to `b`. With `lines` a line end in the source is one (text
 * that is only escaped), else white space as in HTML. Linear. */
void complaint_html(struct str html, bool lines, struct buf *b);

#endif
