/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_confine - rights that are given up are gone, and reading stays
 *
 * Rights cannot be taken back, so each case runs in a child of its own, which
 * tries one thing before and after and tells by its exit status. What the kernel
 * of the machine does not have is skipped, with a message; what the report
 * claims must hold on every machine.
 */
#define _GNU_SOURCE
#include "base/confine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#endif

#include "unit.h"

static char dir[64], file[96];

/* How a child ends. */
enum { WELL = 0, BEFORE = 10, AFTER = 11, BROKEN = 12 };

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/postern-test.%ld.XXXXXX", (long)getpid());
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(file, sizeof file, "%s/file", dir);
    int fd = open(file, O_WRONLY | O_CREAT, 0644);
    if (fd < 0 || write(fd, "kept\n", 5) != 5)
        return -1;
    return close(fd);
}

static int teardown(void **state)
{
    (void)state;
    char path[96];
    snprintf(path, sizeof path, "%s/made", dir);
    unlink(path);
    unlink(file);
    return rmdir(dir);
}

/* --- one thing to try each: 0 if it worked, else errno --- */

static int try_write(void)
{
    int fd = open(file, O_WRONLY | O_APPEND);
    return fd < 0 ? errno : close(fd);
}

static int try_truncate(void)
{
    return truncate(file, 5) == 0 ? 0 : errno;
}

static int try_create(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/made", dir);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return unlink(path) == 0 ? 0 : errno;
}

static int try_rename(void)
{
    char path[96];
    snprintf(path, sizeof path, "%s/made", dir);
    if (rename(file, path) != 0)
        return errno;
    return rename(path, file) == 0 ? 0 : errno;
}

static int try_exec(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        char *const argv[] = { (char[]){ "true" }, NULL };
        char *const envp[] = { NULL };
        execve("/bin/true", argv, envp);
        _exit(errno);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
        return EIO;
    return WEXITSTATUS(status);
}

static struct sockaddr_in listener;

static int try_connect(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return errno;
    int rc = connect(fd, (struct sockaddr *)&listener, sizeof listener) == 0 ? 0 : errno;
    close(fd);
    return rc;
}

static int try_udp(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    return fd < 0 ? errno : close(fd);
}

static int try_read(void)
{
    char text[8];
    int fd = open(file, O_RDONLY);
    if (fd < 0)
        return errno;
    ssize_t n = read(fd, text, sizeof text);
    close(fd);
    return n == 5 && memcmp(text, "kept\n", 5) == 0 ? 0 : EIO;
}

static int try_list(void)
{
    int fd = open("/", O_RDONLY | O_DIRECTORY);
    return fd < 0 ? errno : close(fd);
}

/* Files of others: root may read what nobody lets it. */
static int try_secret(void)
{
    if (chmod(file, 0) != 0)
        return errno;
    return try_read();
}

/* Run `attempt` in a child, once before and once after, in a thread if asked. */
struct attempt {
    int (*run)(void);
    int after;               /* what it must come to: 0, or an errno */
};

static void *in_thread(void *arg)
{
    static int result;
    struct attempt *a = arg;
    result = a->run();
    return &result;
}

static void child(const struct attempt *a, bool threaded)
{
    struct confine_report report;
    struct attempt copy = *a;
    pthread_t thread;
    void *result;
    if (a->run() != 0)
        _exit(BEFORE);
    confine_read_only(&report);
    if (!threaded)
        _exit(a->run() == a->after ? WELL : AFTER);
    if (pthread_create(&thread, NULL, in_thread, &copy) != 0 || pthread_join(thread, &result) != 0)
        _exit(BROKEN);
    _exit(*(int *)result == a->after ? WELL : AFTER);
}

static void expect(const char *what, int (*run)(void), int after)
{
    struct attempt a = { run, after };
    for (int threaded = 0; threaded < 2; threaded++) {
        int status;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            child(&a, threaded != 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != WELL)
            fail_msg("%s%s: status %x (exit 10: it does not even work before; 11: not as "
                     "wanted afterwards)", what, threaded ? " in a thread" : "", (unsigned)status);
    }
}

/* The report of a child: what this kernel has. */
static struct confine_report probe(void)
{
    struct confine_report report;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        memset(&report, 0xff, sizeof report);
        confine_read_only(&report);
        _exit(write(ends[1], &report, sizeof report) == sizeof report ? WELL : BROKEN);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[0], &report, sizeof report), sizeof report);
    close(ends[0]);
    close(ends[1]);
    return report;
}

static void test_report(void **state)
{
    (void)state;
    struct confine_report r = probe();
    print_message("           %s\n", r.text);
    assert_true(memchr(r.text, '\0', sizeof r.text) != NULL);
    assert_true(r.text[0] != '\0' && strchr(r.text, '\n') == NULL);
    if (r.landlock_abi >= 3)
        assert_true(r.fs_read_only && r.no_exec);
    if (r.landlock_abi == 0)
        assert_false(r.fs_read_only);
}

static void test_files(void **state)
{
    (void)state;
    struct confine_report r = probe();
    if (r.landlock_abi == 0) {
        print_message("           skipped: no Landlock here\n");
        skip();
    }
    expect("write", try_write, EACCES);
    expect("create", try_create, EACCES);
    expect("rename", try_rename, EACCES);
    if (r.fs_read_only)
        expect("truncate", try_truncate, EACCES);
}

static void test_reading_stays(void **state)
{
    (void)state;
    expect("read", try_read, 0);
    expect("list", try_list, 0);
    if (geteuid() == 0) {
        expect("secret", try_secret, 0);
        assert_int_equal(chmod(file, 0644), 0);
    }
}

static void test_programs(void **state)
{
    (void)state;
    if (!probe().no_exec) {
        print_message("           skipped: nothing here stops a program\n");
        skip();
    }
    expect("exec", try_exec, EACCES);
}

static void test_network(void **state)
{
    (void)state;
    socklen_t size = sizeof listener;
    struct confine_report r = probe();
    if (!r.no_connect) {
        print_message("           skipped: nothing here stops a connection\n");
        skip();
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    listener = (struct sockaddr_in){ .sin_family = AF_INET };
    listener.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&listener, sizeof listener), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&listener, &size), 0);
    expect("connect", try_connect, EACCES);
    if (strstr(r.text, "no network") != NULL)
        expect("UDP", try_udp, EACCES);
    close(fd);
}

/* What was open before stays open for writing. */
static void test_open_descriptors(void **state)
{
    (void)state;
    struct confine_report r;
    char path[] = "/tmp/postern-test.XXXXXX";
    int status, fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(unlink(path), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        confine_read_only(&r);
        char text[4];
        if (write(fd, "more", 4) != 4 || lseek(fd, 0, SEEK_SET) != 0 || read(fd, text, 4) != 4)
            _exit(BROKEN);
        _exit(memcmp(text, "more", 4) == 0 && dprintf(STDERR_FILENO, "%s", "") == 0 ? WELL : AFTER);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    close(fd);
}

#ifdef __linux__
/* An old kernel, played by a filter that knows no Landlock. */
static bool become_old_kernel(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 444, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { ROWS(code), code };
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* The rest is still done, and nothing is claimed that is not so. */
static void test_without_landlock(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct confine_report r;
        if (!become_old_kernel())
            _exit(WELL);
        confine_read_only(&r);
        bool honest = r.landlock_abi == 0 && !r.fs_read_only && r.capabilities_dropped &&
                      strncmp(r.text, "Landlock not available", 22) == 0 &&
                      r.no_exec == (try_exec() == EACCES) &&
                      r.no_connect == (try_udp() == EACCES);
        _exit(honest && try_write() == 0 ? WELL : AFTER);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}
#else
static void test_without_landlock(void **state)
{
    (void)state;
    skip();
}
#endif

/* Twice is as good as once. */
static int again(void)
{
    struct confine_report r;
    confine_read_only(&r);
    return r.capabilities_dropped && r.no_new_privs ? 0 : EIO;
}

static void test_twice(void **state)
{
    (void)state;
    if (!probe().no_new_privs) {
        print_message("           skipped: not on this system\n");
        skip();
    }
    expect("again", again, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_report),        cmocka_unit_test(test_files),
        cmocka_unit_test(test_reading_stays), cmocka_unit_test(test_programs),
        cmocka_unit_test(test_network),       cmocka_unit_test(test_open_descriptors),
        cmocka_unit_test(test_without_landlock), cmocka_unit_test(test_twice),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
