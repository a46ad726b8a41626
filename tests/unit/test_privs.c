/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_privs - root becomes somebody else, who reaches what the daemon needs and no more
 *
 * Nothing of this can be taken back, so each case runs in a child, which tells
 * by its exit status what went wrong. Most need root; what the kernel
 * does not have is skipped, with a message.
 */
#define _GNU_SOURCE
#include "daemon/privs.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#endif

#include "base/log.h"
#include "conf/conf_file.h"
#include "daemon/notify.h"
#include "daemon/process.h"
#include "unit.h"

static char dir[64], path_buffer[128];

static const char *in_dir(const char *name)
{
    snprintf(path_buffer, sizeof path_buffer, "%s/%s", dir, name);
    return path_buffer;
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/postern-privs.XXXXXX");
    return mkdtemp(dir) == NULL || chmod(dir, 0755) != 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    char command[100];
    pid_t child = fork();
    snprintf(command, sizeof command, "%s", dir);
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", command, (char *)NULL);
        _exit(1);
    }
    return waitpid(child, NULL, 0) == child ? 0 : -1;
}

/* Settings with all folders below the test's own; `more` is added. */
static struct conf *settings(const char *more)
{
    struct buf b;
    struct err err;
    buf_init(&b, 4000);
    buf_addf(&b, "daemon { user = nobody log = \"%s/log/postern.log\" state = \"%s/state\"\n"
                 "         descriptors = 300 }\n"
                 "door { socket = \"%s/run/door\" } control { socket = \"%s/run/control\" }\n"
                 "%s\n%s\n", dir, dir, dir, dir,
              strstr(more, "recipient") != NULL ? "" : "recipient { layout = none }", more);
    struct conf *c = conf_read_bytes("x.conf", buf_str(&b), &err);
    buf_fini(&b);
    if (c == NULL)
        fail_msg("%s", err.text);
    return c;
}

#define CHECK(what) \
    do { \
        if (!(what)) { \
            fprintf(stderr, "line %d: %s\n", __LINE__, #what); \
            _exit(1); \
        } \
    } while (0)

/* Run it in a child; what it prints is the report. */
static void in_child(void (*what)(const struct conf *c), const char *more)
{
    int status;
    struct conf *c = settings(more);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGALRM, SIG_DFL);
        alarm(30);
        what(c);
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    conf_free(&c);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with %#x", (unsigned)status);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        print_message("           needs root\n");
        skip();
    }
}

/* --- the user --- */

static void drop_all(const struct conf *c)
{
    struct privs p;
    struct err err;
    struct rlimit files, core;
    const struct passwd *nobody = getpwnam("nobody");
    CHECK(nobody != NULL && privs_prepare(c, &p, &err) == 0);
    CHECK(p.change && p.uid == nobody->pw_uid && strcmp(p.user, "nobody") == 0);
    CHECK(privs_become(c, &err) == 0);
    CHECK(getuid() == nobody->pw_uid && geteuid() == nobody->pw_uid);
    CHECK(getgid() == nobody->pw_gid && getegid() == nobody->pw_gid);
    CHECK(setuid(0) != 0 && setgid(0) != 0);
    gid_t groups[64];
    int n = getgroups(64, groups);
    for (int i = 0; i < n; i++)
        CHECK(groups[i] != 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur == 300);
    CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
#ifdef __linux__
    CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
    CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
    CHECK(prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 0);
#endif
}

static void test_user(void **state)
{
    (void)state;
    need_root();
    in_child(drop_all, "");
}

static void folders(const struct conf *c)
{
    struct privs p;
    struct err err;
    struct stat st;
    CHECK(privs_prepare(c, &p, &err) == 0);
    CHECK(stat(in_dir("state"), &st) == 0 && st.st_uid == p.uid && (st.st_mode & 07777) == 0750);
    CHECK(stat(in_dir("run"), &st) == 0 && st.st_uid == p.uid && (st.st_mode & 07777) == 0755);
    CHECK(stat(in_dir("log/postern.log"), &st) == 0 && st.st_uid == p.uid);
    CHECK((st.st_mode & 07777) == 0640);
    CHECK(privs_prepare(c, &p, &err) == 0);      /* a second start finds all of it */
}

static void test_folders(void **state)
{
    (void)state;
    need_root();
    in_child(folders, "");
}

/* A state that root has begun is handed over; a folder with anything else in it never is. */
static void adopt(const struct conf *c)
{
    struct privs p;
    struct err err;
    struct stat st;
    CHECK(mkdir(in_dir("state"), 0700) == 0);
    CHECK(close(open(in_dir("state/state.mdb"), O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK(privs_prepare(c, &p, &err) == 0);
    CHECK(stat(in_dir("state/state.mdb"), &st) == 0 && st.st_uid == p.uid);
    CHECK(stat(in_dir("state"), &st) == 0 && st.st_uid == p.uid);
    CHECK(chown(in_dir("state"), 0, 0) == 0);
    CHECK(close(open(in_dir("state/passwd"), O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK(privs_prepare(c, &p, &err) != 0 && err.kind == ERR_ACCESS);
    CHECK(strstr(err.text, "holds other files than a state") != NULL);
    CHECK(stat(in_dir("state"), &st) == 0 && st.st_uid == 0);
}

static void test_adopt(void **state)
{
    (void)state;
    need_root();
    in_child(adopt, "");
}

static void link_in_place_of_log(const struct conf *c)
{
    struct privs p;
    struct err err;
    struct stat st;
    CHECK(mkdir(in_dir("log"), 0755) == 0);
    CHECK(close(open(in_dir("secret"), O_CREAT | O_WRONLY, 0600)) == 0);
    char target[128];
    snprintf(target, sizeof target, "%s", in_dir("secret"));
    CHECK(symlink(target, in_dir("log/postern.log")) == 0);
    CHECK(privs_prepare(c, &p, &err) != 0);
    CHECK(stat(target, &st) == 0 && st.st_uid == 0);
}

static void test_link_in_place_of_log(void **state)
{
    (void)state;
    need_root();
    in_child(link_in_place_of_log, "");
}

/* What --check says of the folder of the state: the last warning that names it. */
static char exposed[1000];

static void exposed_keep(void *ctx, const char *text)
{
    (void)ctx;
    if (strstr(text, "daemon.state") != NULL)
        snprintf(exposed, sizeof exposed, "%s", text);
}

static void folder_exposed(const struct conf *c)
{
    struct privs p;
    struct err err;
    char folder[128];
    const struct passwd *nobody = getpwnam("nobody");
    static const struct { mode_t mode; int group; const char *says; } rows[] = {   /* -1: its own */
        { 0750, 1, NULL }, { 0755, 1, NULL }, { 0770, -1, NULL }, { 0770, 0, NULL },
        { 0770, 1, "may write to" }, { 0757, -1, "everybody may write to" },
        { 01777, 0, "everybody may write to" },
    };
    snprintf(folder, sizeof folder, "%s", in_dir("state"));
    CHECK(nobody != NULL && privs_prepare(c, &p, &err) == 0);
    for (size_t i = 0; i < ROWS(rows); i++) {
        gid_t group = rows[i].group < 0 ? nobody->pw_gid : (gid_t)rows[i].group;
        CHECK(chown(folder, nobody->pw_uid, group) == 0 && chmod(folder, rows[i].mode) == 0);
        exposed[0] = '\0';
        privs_warn(c, exposed_keep, NULL);
        if ((rows[i].says == NULL) != (exposed[0] == '\0') ||
            (rows[i].says != NULL && strstr(exposed, rows[i].says) == NULL)) {
            fprintf(stderr, "row %zu: %s\n", i, exposed);
            _exit(1);
        }
    }
    /* it is said in the log, and the daemon starts all the same */
    char log[128];
    snprintf(log, sizeof log, "%s", in_dir("log/postern.log"));
    CHECK(log_open(log, LOG_LEVEL_WARNING, &err) == 0 && privs_become(c, &err) == 0);
    FILE *f = fopen(log, "r");
    char line[1000];
    CHECK(f != NULL && fgets(line, sizeof line, f) != NULL);
    CHECK(strstr(line, " state-exposed level=warning text=\"daemon.state: everybody") != NULL);
    fclose(f);
}

static void test_folder_exposed(void **state)
{
    (void)state;
    need_root();
    in_child(folder_exposed, "");
}

static void test_no_such_user(void **state)
{
    (void)state;
    need_root();
    struct err err;
    struct privs p;
    struct conf *c = conf_read_bytes("x.conf", STR("daemon { user = nosuchuser-x }"), &err);
    assert_non_null(c);
    assert_int_equal(privs_prepare(c, &p, &err), -1);
    assert_string_equal(err.text, "daemon.user: there is no user \"nosuchuser-x\": useradd --system "
                                  "--home-dir / --shell /usr/sbin/nologin nosuchuser-x");
    conf_free(&c);
    c = conf_read_bytes("x.conf", STR("daemon { user = nobody group = nosuchgroup-x }"), &err);
    assert_int_equal(privs_prepare(c, &p, &err), -1);
    assert_string_equal(err.text, "daemon.group: there is no group \"nosuchgroup-x\": groupadd --system "
                                  "nosuchgroup-x");
    conf_free(&c);
}

/* --- the confinement --- */

static int try_open(const char *path, int flags)
{
    int fd = open(path, flags, 0600);
    return fd < 0 ? errno : close(fd);
}

static int try_connect(uint16_t port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int rc = connect(fd, (const struct sockaddr *)&to, sizeof to) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

static void begin_confined(const struct conf *c, struct privs_report *r)
{
    struct privs p;
    struct err err;
    CHECK(privs_prepare(c, &p, &err) == 0);
    CHECK(close(open(in_dir("other"), O_CREAT | O_WRONLY, 0666)) == 0);
    CHECK(chmod(in_dir("other"), 0666) == 0);
    CHECK(mkdir(in_dir("mine"), 0777) == 0 && chmod(in_dir("mine"), 0777) == 0);
    CHECK(close(open(in_dir("mine/list"), O_CREAT | O_WRONLY, 0644)) == 0);
    CHECK(chmod(in_dir("mine/list"), 0644) == 0);
    CHECK(privs_become(c, &err) == 0);
    CHECK(try_open(in_dir("other"), O_RDONLY) == 0);
    privs_confine(c, r);
    fprintf(stderr, "           %s\n", r->text);
    CHECK(r->no_new_privs && r->no_capabilities && r->filtered);
}

static void files(const struct conf *c)
{
    struct privs_report r;
    begin_confined(c, &r);
    CHECK(try_open(in_dir("state/x"), O_CREAT | O_RDWR) == 0 && unlink(in_dir("state/x")) == 0);
    CHECK(try_open(in_dir("log/postern.log"), O_WRONLY | O_APPEND) == 0);
    char old[128];
    snprintf(old, sizeof old, "%s", in_dir("log/postern.log"));
    CHECK(rename(old, in_dir("log/postern.log.1")) == 0);
    CHECK(try_open(old, O_CREAT | O_WRONLY) == 0);       /* after a rotation */
    CHECK(try_open(in_dir("run/x"), O_CREAT | O_WRONLY) == 0 && unlink(in_dir("run/x")) == 0);
    CHECK(try_open("/etc/passwd", O_RDONLY) == 0);
    CHECK(try_open("/dev/null", O_RDWR) == 0 && try_open("/dev/urandom", O_RDONLY) == 0);
    CHECK(try_open("/proc/self/statm", O_RDONLY) == 0);
    CHECK(try_open(in_dir("mine/list"), O_RDONLY) == 0);
    if (r.landlock_abi == 0)
        return;
    CHECK(try_open(in_dir("other"), O_RDONLY) == EACCES);
    CHECK(try_open(in_dir("other"), O_WRONLY) == EACCES);
    CHECK(try_open(in_dir("mine/new"), O_CREAT | O_WRONLY) == EACCES);
    CHECK(try_open("/etc/postern-test", O_CREAT | O_WRONLY) == EACCES);
    CHECK(r.landlock_abi < 3 || (truncate(in_dir("other"), 0) != 0 && errno == EACCES));
}

static void test_files(void **state)
{
    (void)state;
    struct buf b;
    need_root();
    buf_init(&b, 400);
    buf_addf(&b, "dns { trust_anchor = \"%s/mine/key\" }", dir);
    in_child(files, buf_c(&b));
    buf_fini(&b);
}

/* A panel keeps some accounts on another disk: their homes are read, what lies beside is not. */
static void homes(const struct conf *c)
{
    static const char *const made[] = { "homes", "homes/joe", "homes/joe/etc", "homes/eva", "var",
                                        "var/lib" };
    struct privs_report r;
    char passwd[128];
    for (size_t i = 0; i < ROWS(made); i++)
        CHECK(mkdir(in_dir(made[i]), 0755) == 0 && chmod(in_dir(made[i]), 0755) == 0);
    snprintf(passwd, sizeof passwd, "%s", in_dir("passwd"));
    FILE *f = fopen(passwd, "w");
    CHECK(f != NULL);
    fprintf(f, "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/nonexistent:/bin/false\n"
               "joe:x:1001:1001::%s/homes/joe:/bin/sh\nsys:x:999:999::%s/var/lib:/bin/sh\n", dir,
            dir);
    CHECK(fchmod(fileno(f), 0644) == 0 && fclose(f) == 0);
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(passwd, "/etc/passwd", NULL, MS_BIND, NULL) != 0) {
        fprintf(stderr, "           no mount namespace here\n");
        return;
    }
    begin_confined(c, &r);
    CHECK(try_open(in_dir("homes/joe/etc"), O_RDONLY | O_DIRECTORY) == 0);
    CHECK(try_open(in_dir("homes/eva"), O_RDONLY | O_DIRECTORY) == 0);
    CHECK(r.landlock_abi == 0 ||
          (try_open(in_dir("var/lib"), O_RDONLY | O_DIRECTORY) == EACCES &&
           try_open(in_dir("other"), O_RDONLY) == EACCES));
}

static void test_homes(void **state)
{
    (void)state;
    need_root();
    in_child(homes, "recipient { layout = cpanel }");
}

static void calls(const struct conf *c)
{
    struct privs_report r;
    begin_confined(c, &r);
    char *const argv[] = { NULL };
    CHECK(execve("/bin/true", argv, argv) != 0 && errno == EACCES);
    CHECK(chroot("/") != 0 && errno == EACCES);
    CHECK(setuid(getuid()) != 0 && errno == EACCES);
    CHECK(sethostname("x", 1) != 0 && errno == EACCES);
}

static void test_calls(void **state)
{
    (void)state;
    need_root();
    in_child(calls, "");
}

static void network(const struct conf *c)
{
    struct privs_report r;
    begin_confined(c, &r);
    CHECK(try_connect(5399) == ECONNREFUSED);    /* of a stub */
    CHECK(try_connect(53) == ECONNREFUSED || try_connect(53) == 0);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && close(fd) == 0);
    if (r.landlock_abi >= 4)
        CHECK(try_connect(9) == EACCES);
}

static void test_network(void **state)
{
    (void)state;
    need_root();
    in_child(network, "dns { stub example.org { servers = \"127.0.0.1@5399\" } }");
}

/* --- systemd --- */

static int notify_socket(struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    memset(at, 0, sizeof *at);
    at->sun_family = AF_UNIX;
    snprintf(at->sun_path, sizeof at->sun_path, "%s/notify", dir);
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    return fd;
}

static const char *notify_next(int fd, char text[400])
{
    ssize_t n = recv(fd, text, 399, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void test_notify(void **state)
{
    (void)state;
    struct sockaddr_un at;
    char text[400];
    int fd = notify_socket(&at);
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    notify_open();
    assert_null(getenv("NOTIFY_SOCKET"));
    notify_ready();
    assert_string_equal(notify_next(fd, text), "READY=1");
    notify_reloading();
    assert_int_equal(strncmp(notify_next(fd, text), "RELOADING=1\nMONOTONIC_USEC=", 27), 0);
    notify_status("well");
    assert_string_equal(notify_next(fd, text), "STATUS=well");
    notify_stopping();
    assert_string_equal(notify_next(fd, text), "STOPPING=1");
    notify_close();
    notify_ready();
    assert_string_equal(notify_next(fd, text), "");
    close(fd);
}

/* Without systemd, with a wrong path, with one that is too long: nothing happens. */
static void test_notify_nobody(void **state)
{
    (void)state;
    char longer[300];
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    const char *const paths[] = { NULL, "", "relative", "/nowhere/notify", "@", longer };
    for (size_t i = 0; i < ROWS(paths); i++) {
        unsetenv("NOTIFY_SOCKET");
        if (paths[i] != NULL)
            setenv("NOTIFY_SOCKET", paths[i], 1);
        notify_open();
        notify_ready();
        notify_close();
    }
}

/* --- the process --- */

static void test_pid_file(void **state)
{
    (void)state;
    struct err err;
    char text[40] = "", other[40];
    char file[128];
    int status;
    snprintf(file, sizeof file, "%s", in_dir("pid"));
    assert_int_equal(process_pid_file("", &err), 0);
    pid_t child = fork();
    if (child == 0) {
        CHECK(process_pid_file(file, &err) == 0);
        FILE *f = fopen(file, "r");
        CHECK(f != NULL && fgets(text, sizeof text, f) != NULL);
        snprintf(other, sizeof other, "%ld\n", (long)getpid());
        CHECK(strcmp(text, other) == 0);
        fclose(f);
        pid_t second = fork();
        if (second == 0) {                       /* the lock belongs to the description: open anew */
            CHECK(process_pid_file(file, &err) != 0);
            CHECK(strstr(err.text, "another posternd holds it") != NULL);
            _exit(0);
        }
        CHECK(waitpid(second, &status, 0) == second && WIFEXITED(status));
        _exit(WEXITSTATUS(status));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(process_pid_file("/nowhere/pid", &err), -1);
}

/* The parent ends when the child is ready, and with an error when it never gets so. */
static void background(bool well, int expected)
{
    int status;
    pid_t parent = fork();
    if (parent == 0) {
        struct err err;
        int fd = process_background("syslog", &err);
        CHECK(fd >= 0);
        if (well)
            process_ready(fd);
        _exit(0);
    }
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), expected);
}

static void test_background(void **state)
{
    (void)state;
    struct err err;
    background(true, 0);
    background(false, 1);
    assert_int_equal(process_background("stderr", &err), -1);
    assert_non_null(strstr(err.text, "--foreground"));
}

static void test_descriptors(void **state)
{
    (void)state;
    int status;
    pid_t child = fork();
    if (child == 0) {
        int fd = open("/dev/null", O_RDONLY);
        close(STDIN_FILENO);
        process_begin();
        CHECK(fcntl(fd, F_GETFD) < 0 && fcntl(STDIN_FILENO, F_GETFD) >= 0);
        CHECK(umask(0) == 027);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_user, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folders, setup, teardown),
        cmocka_unit_test_setup_teardown(test_adopt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_link_in_place_of_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_folder_exposed, setup, teardown),
        cmocka_unit_test(test_no_such_user),
        cmocka_unit_test_setup_teardown(test_files, setup, teardown),
        cmocka_unit_test_setup_teardown(test_homes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_network, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notify, setup, teardown),
        cmocka_unit_test(test_notify_nobody),
        cmocka_unit_test_setup_teardown(test_pid_file, setup, teardown),
        cmocka_unit_test(test_background),
        cmocka_unit_test(test_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
