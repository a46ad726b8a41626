/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * complaint_gmime - the functions of GMime that complaints are taken apart with
 *
 * GMime brings thirty libraries with it, so it is loaded when the first
 * complaint comes (see base/library.h). Its types and constants are those of its header;
 * its functions are called through the table here. Its macros that ask an
 * object for its type call functions by their names and cannot be used.
 */
#ifndef POSTERN_TRACE_COMPLAINT_GMIME_H
#define POSTERN_TRACE_COMPLAINT_GMIME_H

#include <gmime/gmime.h>
#include <stdbool.h>

#include "base/err.h"

/* The names follow g_ and g_mime_. */
#define GLIB_FUNCTIONS(F)                                                                         \
    F(log_set_handler)                                                                            \
    F(object_unref)                                                                               \
    F(type_check_instance_is_a)

#define GMIME_FUNCTIONS(F)                                                                        \
    F(init)                                                                                       \
    F(content_type_get_media_subtype)                                                             \
    F(content_type_get_media_type)                                                                \
    F(content_type_is_type)                                                                       \
    F(data_wrapper_get_stream)                                                                    \
    F(data_wrapper_write_to_stream)                                                               \
    F(header_get_offset)                                                                          \
    F(header_list_get_count)                                                                      \
    F(header_list_get_header_at)                                                                  \
    F(message_get_mime_part)                                                                      \
    F(message_part_get_message)                                                                   \
    F(message_part_get_type)                                                                      \
    F(multipart_get_count)                                                                        \
    F(multipart_get_epilogue)                                                                     \
    F(multipart_get_part)                                                                         \
    F(multipart_get_prologue)                                                                     \
    F(multipart_get_type)                                                                         \
    F(object_get_content_type)                                                                    \
    F(object_get_header_list)                                                                     \
    F(parser_construct_message)                                                                   \
    F(parser_new_with_stream)                                                                     \
    F(part_get_content)                                                                           \
    F(part_get_content_encoding)                                                                  \
    F(part_get_filename)                                                                          \
    F(part_get_type)                                                                              \
    F(stream_mem_get_byte_array)                                                                  \
    F(stream_mem_new)                                                                             \
    F(stream_mem_new_with_buffer)                                                                 \
    F(stream_reset)                                                                               \
    F(stream_write_to_stream)

#define GLIB_MEMBER(name) __typeof__(g_##name) *name;
#define GMIME_MEMBER(name) __typeof__(g_mime_##name) *name;

/* Valid after complaint_gmime_load(). */
struct gmime {
    GLIB_FUNCTIONS(GLIB_MEMBER)
    GMIME_FUNCTIONS(GMIME_MEMBER)
    const guint *major, *minor, *micro;
};

extern struct gmime gmime;

/* Load GMime and make it ready. 0 or -1, as library_load(). */
int complaint_gmime_load(struct err *err);

#endif
