/* SPDX-License-Identifier: BSD-2-Clause */
/* Start: the file system from the initramfs, then /init with what the command line says. */
#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/cpio.h"
#include "personality/server/errno.h"
#include "personality/server/exec.h"
#include "personality/server/file.h"
#include "personality/server/futex.h"
#include "personality/server/host.h"
#include "personality/server/process.h"
#include "personality/server/tty.h"

enum { CMDLINE_MAX = 2048, WORDS_MAX = 64 };

/* The command line cut into words; Linux's rules (Documentation/admin-guide/kernel-parameters.rst):
 * what the kernel does not know goes to init, name=value as environment, the rest as arguments. */
struct boot_words {
    char text[CMDLINE_MAX];
    const char *init;
    const char *arg[WORDS_MAX], *env[WORDS_MAX];
    unsigned args, envs;
};

static const char *const known[] = {
    "console=", "quiet",       "debug", "panic=",       "root=",   "ro",       "rw",
    "init=",    "rootfstype=", "acpi=", "mitigations=", "nokaslr", "loglevel="};

static bool starts_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

static bool is_known(const char *word)
{
    for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const char *k = known[i];

        if (k[strlen(k) - 1] == '=' ? starts_with(word, k) : !strcmp(word, k))
            return true;
    }
    return false;
}

static bool has_equals(const char *s)
{
    while (*s && *s != '=')
        s++;
    return *s == '=';
}

/* Sets name=value, over an earlier value of the same name. */
static void add_env(struct boot_words *w, const char *word)
{
    size_t name = 0;

    while (word[name++] != '=')
        ;
    for (unsigned i = 0; i < w->envs; i++) {
        if (!strncmp(w->env[i], word, name)) {
            w->env[i] = word;
            return;
        }
    }
    if (w->envs < WORDS_MAX)
        w->env[w->envs++] = word;
}

static void add_word(struct boot_words *w, const char *word)
{
    if (starts_with(word, "rdinit="))
        w->init = word + strlen("rdinit=");
    else if (is_known(word))
        return;
    else if (has_equals(word))
        add_env(w, word);
    else if (w->args < WORDS_MAX)
        w->arg[w->args++] = word;
}

/* After "--" every word is an argument. */
static void cut_cmdline(struct boot_words *w, const char *cmdline)
{
    size_t n = strnlen(cmdline, CMDLINE_MAX - 1);
    bool all_args = false;
    char *p = w->text;

    memcpy(w->text, cmdline, n);
    w->text[n] = 0;
    w->init = "/init";
    add_env(w, "HOME=/");
    add_env(w, "TERM=linux");
    while (*p) {
        char *word;

        while (*p == ' ' || *p == '\n')
            *p++ = 0;
        if (!*p)
            break;
        word = p;
        while (*p && *p != ' ' && *p != '\n')
            p++;
        if (*p)
            *p++ = 0;
        if (all_args && w->args < WORDS_MAX)
            w->arg[w->args++] = word;
        else if (!strcmp(word, "--"))
            all_args = true;
        else if (!all_args)
            add_word(w, word);
    }
}

static int init_strings(struct exec_args *a, const struct boot_words *w)
{
    int r = exec_args_add(a, w->init);

    a->argc = 1;
    for (unsigned i = 0; !r && i < w->args; i++, a->argc++)
        r = exec_args_add(a, w->arg[i]);
    for (unsigned i = 0; !r && i < w->envs; i++, a->envc++)
        r = exec_args_add(a, w->env[i]);
    return r;
}

/* Standard input, output and error on /dev/console. */
static int open_console(struct process *p)
{
    struct dirent *dev = dir_find(root_inode, "dev", 3), *console;
    struct file *f;
    int r;

    console = dev && inode_is(dev->inode, S_IFDIR) ? dir_find(dev->inode, "console", 7) : NULL;
    if (!console)
        return -ENOENT;
    r = file_open(&p->thread, console->inode, O_RDWR, &f);
    for (unsigned fd = 0; !r && fd < 3; fd++)
        if (fd_install(&p->files, fd ? file_get(f) : f, 0, false) < 0)
            r = -ENOMEM;
    return r;
}

static void make_proc(void)
{
    struct inode *proc = inode_create(S_IFDIR | 0555), *self = inode_create(S_IFDIR | 0555);
    struct inode *exe = inode_create(S_IFLNK | 0777);

    if (!proc || !self || !exe)
        host_panic("linux: no memory for /proc");
    exe->magic = MAGIC_EXE;
    if (dir_find(root_inode, "proc", 4)) {
        inode_put(proc);
        proc = inode_get(dir_find(root_inode, "proc", 4)->inode);
    } else if (dir_add(root_inode, "proc", 4, proc)) {
        host_panic("linux: no memory for /proc");
    }
    if (inode_is(proc, S_IFDIR) && !dir_find(proc, "self", 4) &&
        (dir_add(proc, "self", 4, self) || dir_add(self, "exe", 3, exe)))
        host_panic("linux: no memory for /proc");
    inode_put(exe);
    inode_put(self);
    inode_put(proc);
}

static void start_init(const struct boot_words *w)
{
    struct process *p = process_create(NULL);
    struct exec_args a;

    exec_args_init(&a);
    if (!p || !(p->actions = sigactions_create()) || init_strings(&a, w))
        host_panic("linux: no memory for init");
    init_process = p;
    p->pgid = p->sid = 0;
    p->umask = 022;
    p->cwd = inode_get(root_inode);
    p->root = inode_get(root_inode);
    if (open_console(p))
        host_log("linux: no /dev/console");
    if (exec_program(&p->thread, w->init, &a))
        host_panic("linux: init does not start (missing, or not a static x86-64 program)");
}

__attribute__((visibility("default"))) void server_init(const struct host_boot *boot)
{
    static struct boot_words words;
    const char *error;

    memset(&words, 0, sizeof(words));
    mem_init();
    timer_start_all();
    process_start();
    futex_start();
    inode_start();
    tty_start();
    error = cpio_unpack(boot->initramfs, boot->initramfs_size);
    if (error)
        host_log(error);
    devices_populate();
    make_proc();
    cut_cmdline(&words, boot->cmdline ? boot->cmdline : "");
    start_init(&words);
    work_run();
}
