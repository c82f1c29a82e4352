/* SPDX-License-Identifier: BSD-2-Clause */
/* execve: the new space is built completely before the old one goes. */
#include "personality/server/exec.h"

#include "l4k/lib/string.h"
#include "personality/server/alloc.h"
#include "personality/server/elf.h"
#include "personality/server/errno.h"
#include "personality/server/path.h"
#include "personality/server/sys.h"

enum { SCRIPT_LINE = 256, SCRIPT_DEPTH = 4, AUXV_PAIRS = 20, RANDOM_SIZE = 16 };

/* ---- argument strings ---- */

void exec_args_init(struct exec_args *a)
{
    *a = (struct exec_args){0};
}

void exec_args_free(struct exec_args *a)
{
    mem_free(a->text, a->size);
    exec_args_init(a);
}

/* Room for n more bytes. */
static int args_reserve(struct exec_args *a, size_t n)
{
    size_t size = a->size ? a->size : 4096;
    char *text;

    if (n > ARG_TOTAL_MAX - a->used)
        return -E2BIG;
    while (size < a->used + n)
        size *= 2;
    if (size == a->size)
        return 0;
    text = mem_alloc(size);
    if (!text)
        return -ENOMEM;
    if (a->used)
        memcpy(text, a->text, a->used);
    mem_free(a->text, a->size);
    a->text = text;
    a->size = size;
    return 0;
}

int exec_args_add(struct exec_args *a, const char *s)
{
    size_t n = strlen(s) + 1;
    int r = args_reserve(a, n);

    if (r)
        return r;
    memcpy(a->text + a->used, s, n);
    a->used += n;
    return 0;
}

/* A client's string: tried in the room there is, which grows until it fits. */
static long args_add_user(struct thread *t, struct exec_args *a, uint64_t addr)
{
    size_t room = 256;

    for (;;) {
        long r = args_reserve(a, room);

        if (r)
            return r;
        r = copy_string(t, a->text + a->used, addr, room);
        if (r >= 0) {
            a->used += (size_t)r + 1;
            return 0;
        }
        if (r != -ENAMETOOLONG)
            return r;
        room *= 4;
        if (room > ARG_STRING_MAX && room / 4 >= ARG_STRING_MAX)
            return -E2BIG;
        if (room > ARG_STRING_MAX)
            room = ARG_STRING_MAX;
    }
}

/* A NULL-terminated array of strings; NULL itself is an empty one. */
static long args_add_array(struct thread *t, struct exec_args *a, uint64_t array, unsigned *count)
{
    uint64_t addr;
    long r;

    for (; array; array += sizeof(addr)) {
        r = copy_in(t, &addr, array, sizeof(addr));
        if (r)
            return r;
        if (!addr)
            break;
        if ((a->argc + a->envc) * sizeof(addr) >= ARG_TOTAL_MAX)
            return -E2BIG;
        r = args_add_user(t, a, addr);
        if (r)
            return r;
        ++*count;
    }
    return 0;
}

/* Puts `n` strings of `prefix` in place of the first argument. */
static int args_replace_first(struct exec_args *a, const char *prefix, size_t bytes, unsigned n)
{
    size_t old = a->argc ? strlen(a->text) + 1 : 0;
    int r = args_reserve(a, bytes);

    if (r)
        return r;
    memmove(a->text + bytes, a->text + old, a->used - old);
    memcpy(a->text, prefix, bytes);
    a->used = a->used - old + bytes;
    a->argc = a->argc - (old != 0) + n;
    return 0;
}

/* ---- scripts ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Cuts one word out of `line` at *at; NULL at the end. */
static char *cut_word(char *line, size_t *at, bool rest)
{
    size_t i = *at;
    char *word;

    while (is_blank(line[i]))
        i++;
    if (!line[i])
        return NULL;
    word = line + i;
    while (line[i] && (rest || !is_blank(line[i])))
        i++;
    *at = line[i] ? i + 1 : i;
    line[i] = 0;
    while (rest && i && is_blank(line[i - 1]))
        line[--i] = 0;
    return word;
}

/* Rewrites the arguments for a script: interpreter, its one argument, the script's path. The
 * interpreter's path goes to `path`. 0 no script, 1 rewritten. */
static int script(struct inode *i, char *path, struct exec_args *a)
{
    static char prefix[SCRIPT_LINE * 2 + PATH_MAX];
    char line[SCRIPT_LINE + 1];
    size_t n = file_read(i, 0, line, SCRIPT_LINE), at = 0, bytes = 0;
    const char *words[3];
    unsigned count = 0;
    char *end;
    int r;

    line[n] = 0;
    if (n < 2 || line[0] != '#' || line[1] != '!')
        return 0;
    for (end = line; *end && *end != '\n'; end++)
        ;
    if (end == line + SCRIPT_LINE)
        return -ENOEXEC;
    *end = 0;
    at = 2;
    words[count] = cut_word(line, &at, false);
    if (!words[count++])
        return -ENOEXEC;
    words[count] = cut_word(line, &at, true);
    if (words[count])
        count++;
    words[count++] = path;
    for (unsigned k = 0; k < count; k++) {
        memcpy(prefix + bytes, words[k], strlen(words[k]) + 1);
        bytes += strlen(words[k]) + 1;
    }
    r = args_replace_first(a, prefix, bytes, count);
    if (r)
        return r;
    memcpy(path, words[0], strlen(words[0]) + 1);
    return 1;
}

/* ---- the new image ---- */

struct image {
    struct mm *mm;
    struct inode *inode; /* reference */
    struct elf elf;
    uint64_t bias, base, start; /* start: where execution begins; base: of the interpreter */
    uint64_t sp;
};

static int find_program(struct thread *t, const char *path, struct inode **out)
{
    int r = path_find(t, AT_FDCWD, path, LOOKUP_FOLLOW, out);

    if (r)
        return r;
    if (!inode_is(*out, S_IFREG) || !((*out)->mode & 0111))
        return -EACCES;
    return (*out)->writers ? -ETXTBSY : 0;
}

static int load_interpreter(struct thread *t, struct image *im)
{
    static struct elf elf;
    static char path[PATH_MAX];
    struct inode *i;
    int r;

    if (file_read(im->inode, im->elf.interp_offset, path, im->elf.interp_size) !=
            im->elf.interp_size ||
        path[im->elf.interp_size - 1])
        return -ENOEXEC;
    r = find_program(t, path, &i);
    if (!r)
        r = elf_parse(i, &elf);
    if (r)
        return r;
    if (!elf.relocatable)
        return -ENOEXEC;
    im->base = CODE_MAP_BASE - elf.start;
    im->start = elf.entry + im->base;
    return elf_map(im->mm->space, i, &elf, im->base);
}

static int load(struct thread *t, struct image *im)
{
    int r = elf_map(im->mm->space, im->inode, &im->elf, im->bias);

    if (r)
        return r;
    im->start = im->elf.entry + im->bias;
    im->mm->brk_start = im->mm->brk = im->elf.end + im->bias;
    if (im->elf.interp_size)
        r = load_interpreter(t, im);
    return r ? r
             : map_anonymous(im->mm->space, LINUX_STACK_TOP - STACK_SIZE, STACK_SIZE,
                             HOST_READ | HOST_WRITE);
}

static unsigned fill_auxv(const struct image *im, uint64_t *v, uint64_t random, uint64_t execfn,
                          uint64_t platform)
{
    uint32_t a, b, c, d;
    unsigned n = 0;

    __asm__("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(d) : "a"(1), "c"(0));
#define AUX(type, value) (v[n] = (type), v[n + 1] = (value), n += 2)
    AUX(AT_HWCAP, d);
    AUX(AT_PAGESZ, PAGE_SIZE);
    AUX(AT_CLKTCK, 100);
    AUX(AT_PHDR, im->elf.phdr ? im->elf.phdr + im->bias : 0);
    AUX(AT_PHENT, ELF_PHDR_SIZE);
    AUX(AT_PHNUM, im->elf.phnum);
    AUX(AT_BASE, im->base);
    AUX(AT_FLAGS, 0);
    AUX(AT_ENTRY, im->elf.entry + im->bias);
    AUX(AT_UID, 0);
    AUX(AT_EUID, 0);
    AUX(AT_GID, 0);
    AUX(AT_EGID, 0);
    AUX(AT_SECURE, 0);
    AUX(AT_RANDOM, random);
    AUX(AT_HWCAP2, 0);
    AUX(AT_EXECFN, execfn);
    AUX(AT_PLATFORM, platform);
    AUX(AT_MINSIGSTKSZ, MINSIGSTKSZ);
    AUX(AT_NULL, 0);
#undef AUX
    return n;
}

/* Addresses of `n` strings that follow one another, NULL-terminated. Returns what follows them. */
static uint64_t fill_pointers(uint64_t *v, unsigned n, const char **text, uint64_t at)
{
    for (unsigned i = 0; i < n; i++) {
        size_t length = strlen(*text) + 1;

        v[i] = at;
        at += length;
        *text += length;
    }
    v[n] = 0;
    return at;
}

/* The initial stack (System V ABI 3.4.1), upwards: argc, argv, envp, auxv, 16 random bytes,
 * platform, the strings, the path. */
static int fill_stack(struct image *im, const char *path, const struct exec_args *a)
{
    static const char platform[] = "x86_64";
    size_t path_size = strlen(path) + 1;
    uint64_t path_at = LINUX_STACK_TOP - 16 - path_size, text_at = path_at - a->used;
    uint64_t platform_at = text_at - sizeof(platform), random_at = platform_at - RANDOM_SIZE, at;
    size_t words = 1 + a->argc + 1 + a->envc + 1 + 2 * AUXV_PAIRS;
    uint64_t *v = mem_alloc(words * sizeof(*v)), *p = v;
    struct host_space *s = im->mm->space;
    const char *text = a->text;
    uint8_t random[RANDOM_SIZE];
    bool ok;

    if (!v)
        return -ENOMEM;
    im->sp = (random_at - words * sizeof(*v)) & ~15ul;
    *p++ = a->argc;
    at = fill_pointers(p, a->argc, &text, text_at);
    p += a->argc + 1;
    (void)fill_pointers(p, a->envc, &text, at);
    p += a->envc + 1;
    p += fill_auxv(im, p, random_at, path_at, platform_at);
    host_entropy(random, sizeof(random));
    ok = p == v + words && host_copy_out(s, im->sp, v, words * sizeof(*v)) == HOST_DONE &&
         host_copy_out(s, random_at, random, sizeof(random)) == HOST_DONE &&
         host_copy_out(s, platform_at, platform, sizeof(platform)) == HOST_DONE &&
         (!a->used || host_copy_out(s, text_at, a->text, a->used) == HOST_DONE) &&
         host_copy_out(s, path_at, path, path_size) == HOST_DONE;
    mem_free(v, words * sizeof(*v));
    return ok ? 0 : -ENOMEM;
}

/* Finds the program, through scripts; `path` becomes that of the file that is loaded. */
static int prepare(struct thread *t, char *path, struct exec_args *a, struct image *im)
{
    int r;

    for (unsigned depth = 0;; depth++) {
        r = find_program(t, path, &im->inode);
        if (r)
            return r;
        r = script(im->inode, path, a);
        if (r < 0)
            return r;
        if (r == 0)
            break;
        if (depth == SCRIPT_DEPTH)
            return -ELOOP;
    }
    r = elf_parse(im->inode, &im->elf);
    if (r)
        return r;
    im->bias = im->elf.relocatable ? PIE_BASE - im->elf.start : 0;
    return 0;
}

static int build(struct thread *t, const char *path, const struct exec_args *a, struct image *im)
{
    int r = mm_create(&im->mm);

    if (r)
        return r;
    r = load(t, im);
    if (!r)
        r = fill_stack(im, path, a);
    if (r)
        mm_release(im->mm);
    return r;
}

static void set_names(struct process *p, const char *given, const char *path)
{
    const char *base = given;

    for (const char *c = given; *c; c++)
        if (*c == '/' && c[1])
            base = c + 1;
    memset(p->comm, 0, sizeof(p->comm));
    memcpy(p->comm, base, strnlen(base, sizeof(p->comm) - 1));
    memcpy(p->exe_path, path, strlen(path) + 1);
}

/* The old image goes. From here on failure ends the process. */
static long commit(struct thread *t, struct image *im)
{
    struct process *p = process_of(t);
    struct host_regs regs = {.rip = im->start, .rsp = im->sp, .rflags = 0x202};
    struct mm *old = p->mm;

    files_close_on_exec(&p->files);
    t->altstack = (struct linux_stack){.flags = SS_DISABLE};
    inode_put(p->exe);
    p->exe = inode_get(im->inode);
    thread_host_destroy(t);
    p->mm = im->mm;
    process_vfork_done(p);
    if (old)
        mm_release(old);
    if (thread_host_create(t, p->mm->space)) {
        process_exit(p, SIGKILL);
        return HOST_DEFER;
    }
    host_set_regs(&t->call, &regs);
    host_resume(&t->call);
    return 0;
}

/* The absolute name of the program, as /proc/self/exe shows it. */
static void absolute(struct process *p, const char *path, char *out)
{
    int n = path[0] == '/' ? 0 : path_of_dir(p->cwd, p->root, out);

    if (n < 0)
        n = 0;
    while (path[0] == '.' && path[1] == '/')
        path += 2;
    if (path[0] != '/' && n > 1)
        out[n++] = '/';
    if ((size_t)n + strlen(path) >= PATH_MAX)
        n = 0;
    memcpy(out + n, path, strlen(path) + 1);
}

long exec_program(struct thread *t, const char *given, struct exec_args *a)
{
    static char path[PATH_MAX], name[PATH_MAX];
    static struct image im;
    struct process *p = process_of(t);
    long r;

    memset(&im, 0, sizeof(im));
    memcpy(path, given, strlen(given) + 1);
    memcpy(name, given, strlen(given) + 1);
    r = a->argc ? 0 : args_replace_first(a, "", 1, 1);
    if (!r)
        r = prepare(t, path, a, &im);
    if (!r && !p->exe_path && !(p->exe_path = mem_zalloc(PATH_MAX)))
        r = -ENOMEM;
    if (!r)
        r = build(t, name, a, &im);
    if (!r && (r = sigactions_exec(p)))
        mm_release(im.mm);
    exec_args_free(a);
    if (r)
        return r;
    absolute(p, path, name);
    set_names(p, given, name);
    return commit(t, &im);
}

long sys_execve(struct thread *t)
{
    static char copy[PATH_MAX];
    struct exec_args a;
    char *path;
    long r = path_copy(t, t->call.arg[0], 0, &path);

    if (r)
        return r;
    memcpy(copy, path, strlen(path) + 1);
    exec_args_init(&a);
    r = args_add_array(t, &a, t->call.arg[1], &a.argc);
    if (!r)
        r = args_add_array(t, &a, t->call.arg[2], &a.envc);
    if (r) {
        exec_args_free(&a);
        return r;
    }
    r = exec_program(t, copy, &a);
    return r ? r : HOST_DEFER;
}
