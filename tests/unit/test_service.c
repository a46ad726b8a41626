/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_service - a question without a daemon: whose state it sees; and threads
 *
 * A state that is there and cannot be read must not look like one without bans: the answer would
 * be that a banned client may send. No state at all is another matter.
 *
 * What a process gives up (Landlock, system calls, capabilities) holds for the thread that does so
 * and for those made later. So no thread may be there before the daemon is confined.
 */
#define _GNU_SOURCE
#include "daemon/service.h"

#include <dirent.h>

#include "policy/ban.h"
#include "statemake.h"

static struct conf *conf_of(const char *folder)
{
    struct err err = { 0 };
    FILE *f = fopen(state_path("conf"), "w");
    assert_non_null(f);
    fprintf(f, "daemon { state = \"%s\" }\ndns { trust_anchor = \"\" }\n"
               "recipient { layout = none }\n", state_path(folder));
    fclose(f);
    struct conf *c = conf_read(state_path("conf"), &err);
    if (c == NULL)
        fail_msg("%s", err.text);
    return c;
}

static bool is_banned(const char *folder, const struct ip *ip)
{
    struct err err = { 0 };
    struct ban found;
    struct loop *l = loop_new();
    struct service *s = service_new(l, conf_of(folder), true, &err);
    if (s == NULL)
        fail_msg("%s", err.text);
    bool banned = ban_find(service_store(s), ip, NOW, BAN_ANY, &found) == 1;
    service_free(&s);
    loop_free(&l);
    return banned;
}

static void state_write(const char *folder, const struct ip *ip)
{
    struct store *s = state_open(folder);
    struct ban b = { .maker = BAN_BY_ADMIN, .since = NOW, .until = BAN_FOREVER };
    ban_set_net(&b, ip, 32);
    ban_put(s, &b, NOW);
    assert_int_equal(store_sync(s, NULL), 0);
    store_close(&s);
}

static void test_offline_state(void **state)
{
    (void)state;
    struct ip ip;
    assert_int_equal(ip_parse(STR("192.0.2.9"), &ip), 0);
    assert_false(is_banned("none", &ip));
    state_write("daemon", &ip);
    assert_true(is_banned("daemon", &ip));
    assert_int_equal(state_logged("state-unread"), 0);
    FILE *f = fopen(state_path("daemon/state.mdb"), "r+");
    assert_non_null(f);
    fputs("this is no state", f);
    fclose(f);
    assert_false(is_banned("daemon", &ip));
    assert_int_equal(state_logged("state-unread"), 1);
}

static unsigned threads(void)
{
    unsigned count = 0;
    DIR *d = opendir("/proc/self/task");
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;)
        count += e->d_name[0] != '.';
    closedir(d);
    return count;
}

static void test_no_thread_before_the_first_job(void **state)
{
    (void)state;
    struct err err = { 0 };
    struct store_stats st;
    unsigned before = threads();
    struct loop *l = loop_new();
    struct service *s = service_new(l, conf_of("threads"), false, &err);
    if (s == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(threads(), before);
    store_stats(service_store(s), &st);
    assert_true(st.on_disk);
    store_put(service_store(s), STORE_BANS, STR("a"), STR("b"), NOW);
    assert_int_equal(store_sync(service_store(s), NULL), 0);
    assert_int_equal(threads(), before + 1);     /* so this test would see one */
    service_free(&s);
    loop_free(&l);
    assert_int_equal(threads(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_offline_state, state_setup, state_teardown),
        cmocka_unit_test_setup_teardown(test_no_thread_before_the_first_job, state_setup,
                                        state_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
