/* SPDX-License-Identifier: BSD-2-Clause */
/* The one terminal: console, tty and ttyS0 (termios(3)). VTIME is not honoured: a read in
 * non-canonical mode waits for VMIN bytes, or for none when VMIN is 0. */
#include "personality/server/tty.h"

#include "l4k/lib/string.h"
#include "personality/server/errno.h"
#include "personality/server/process.h"
#include "personality/server/sys.h"

enum { INPUT_SIZE = 4096 };

static struct {
    struct linux_termios termios;
    struct linux_winsize winsize;
    char input[INPUT_SIZE]; /* the first `ready` bytes may be read; the rest is the line being
                               edited */
    size_t used, ready;
    unsigned eofs;          /* VEOF typed at the start of a line: reads of nothing */
    int pgrp, session;      /* foreground process group; 0: none */
    struct list read_wait;
} tty;

static const struct linux_termios initial_termios = {
    .iflag = ICRNL | IXON, .oflag = OPOST | ONLCR, .cflag = B38400 | CS8 | CREAD | HUPCL,
    .lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .cc = {[VINTR] = 3, [VQUIT] = 28, [VERASE] = 127, [VKILL] = 21, [VEOF] = 4, [VMIN] = 1,
           [VSUSP] = 26, [8] = 17, [9] = 19, [12] = 18, [13] = 15, [VWERASE] = 23, [15] = 22},
};

void tty_start(void)
{
    memset(&tty, 0, sizeof(tty));
    tty.termios = initial_termios;
    tty.winsize = (struct linux_winsize){.row = 24, .col = 80};
    list_init(&tty.read_wait);
}

/* ---- output ---- */

/* Writes with \n as \r\n where the terminal is set so. */
static void output(const char *s, size_t n)
{
    bool crlf = (tty.termios.oflag & (OPOST | ONLCR)) == (OPOST | ONLCR);
    char buf[256];
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        if (used + 2 > sizeof(buf)) {
            host_console_write(buf, used);
            used = 0;
        }
        if (s[i] == '\n' && crlf)
            buf[used++] = '\r';
        buf[used++] = s[i];
    }
    if (used)
        host_console_write(buf, used);
}

static long tty_write(struct file *f, const struct uio *u, uint64_t *pos)
{
    char buf[512];
    size_t done = 0;

    (void)f, (void)pos;
    while (done < u->total) {
        size_t n = u->total - done < sizeof(buf) ? u->total - done : sizeof(buf);
        long r = uio_in(u, done, buf, n);

        if (r)
            return done ? (long)done : r;
        output(buf, n);
        done += n;
    }
    return (long)done;
}

/* ---- input ---- */

static bool is_set(unsigned flag)
{
    return tty.termios.lflag & flag;
}

static bool is_char(char c, unsigned which)
{
    uint8_t cc = tty.termios.cc[which];

    return cc && (uint8_t)c == cc;
}

static void echo(char c)
{
    char caret[2] = {'^', (char)(c ^ 64)};

    if (!is_set(ECHO) && !(c == '\n' && is_set(ECHONL) && is_set(ICANON)))
        return;
    if (((uint8_t)c < 32 || c == 127) && c != '\n' && c != '\t' && is_set(ECHOCTL))
        output(caret, 2);
    else
        output(&c, 1);
}

static void erase_one(void)
{
    if (tty.used == tty.ready)
        return;
    tty.used--;
    if (is_set(ECHO) && is_set(ECHOE))
        output("\b \b", 3);
}

static bool input_signal(char c)
{
    int sig = is_char(c, VINTR)   ? SIGINT
              : is_char(c, VQUIT) ? SIGQUIT
              : is_char(c, VSUSP) ? SIGTSTP
                                  : 0;

    if (!is_set(ISIG) || !sig)
        return false;
    tty.used = tty.ready;
    echo(c);
    if (tty.pgrp)
        signal_group(tty.pgrp, sig, NULL);
    return true;
}

/* Line editing; true: the character is not for the line. */
static bool edit_line(char c)
{
    if (is_char(c, VERASE)) {
        erase_one();
    } else if (is_char(c, VKILL)) {
        while (tty.used > tty.ready)
            erase_one();
    } else if (is_char(c, VWERASE) && is_set(IEXTEN)) {
        while (tty.used > tty.ready && tty.input[tty.used - 1] == ' ')
            erase_one();
        while (tty.used > tty.ready && tty.input[tty.used - 1] != ' ')
            erase_one();
    } else if (is_char(c, VEOF)) {
        if (tty.used == tty.ready)
            tty.eofs++;
        tty.ready = tty.used;
    } else {
        return false;
    }
    return true;
}

static void input_char(char c)
{
    uint32_t iflag = tty.termios.iflag;

    if (c == '\r' && (iflag & IGNCR))
        return;
    if (c == '\r' && (iflag & ICRNL))
        c = '\n';
    else if (c == '\n' && (iflag & INLCR))
        c = '\r';
    if (input_signal(c) || (is_set(ICANON) && edit_line(c)))
        return;
    if (tty.used == INPUT_SIZE)
        return;
    echo(c);
    tty.input[tty.used++] = c;
    if (!is_set(ICANON) || c == '\n' || is_char(c, VEOL))
        tty.ready = tty.used;
}

__attribute__((visibility("default"))) void server_console_input(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        input_char(bytes[i]);
    if (tty.ready || tty.eofs)
        wake(&tty.read_wait);
    work_run();
}

/* Bytes that one read may have: in canonical mode one line. */
static size_t readable(void)
{
    size_t n = 0;

    if (!is_set(ICANON))
        return tty.ready;
    while (n < tty.ready)
        if (tty.input[n++] == '\n')
            break;
    return n;
}

static long tty_read(struct file *f, const struct uio *u, uint64_t *pos)
{
    size_t n = readable(), min = is_set(ICANON) ? 1 : tty.termios.cc[VMIN];
    long r;

    (void)pos;
    if (!u->total)
        return 0;
    if (min > u->total)
        min = u->total;
    if (!n && is_set(ICANON) && tty.eofs) {
        tty.eofs--;
        return 0;
    }
    if (n < min)
        return f->flags & O_NONBLOCK ? -EAGAIN : wait_on(u->t, &tty.read_wait);
    if (n > u->total)
        n = u->total;
    r = uio_out(u, 0, tty.input, n);
    if (r)
        return r;
    memmove(tty.input, tty.input + n, tty.used - n);
    tty.used -= n;
    tty.ready -= n;
    return (long)n;
}

static unsigned tty_poll(struct file *f)
{
    (void)f;
    return POLLOUT | POLLWRNORM | (tty.ready || tty.eofs ? POLLIN | POLLRDNORM : 0);
}

/* ---- control ---- */

static long set_termios(struct thread *t, unsigned cmd, uint64_t arg)
{
    struct linux_termios new;
    long r = copy_in(t, &new, arg, sizeof(new));

    if (r)
        return r;
    if (cmd == TCSETSF)
        tty.used = tty.ready = 0;
    tty.termios = new;
    if (!is_set(ICANON))
        tty.ready = tty.used;
    return 0;
}

static long set_pgrp(struct thread *t, uint64_t arg)
{
    int pgrp;
    long r = copy_in(t, &pgrp, arg, sizeof(pgrp));

    if (r)
        return r;
    if (process_of(t)->sid != tty.session)
        return -ENOTTY;
    if (pgrp <= 0)
        return -EINVAL;
    for (struct process *p = process_next(NULL); p; p = process_next(p)) {
        if (p->pgid == pgrp && p->sid == tty.session) {
            tty.pgrp = pgrp;
            return 0;
        }
    }
    return -EPERM;
}

static long take_session(struct thread *t)
{
    struct process *p = process_of(t);

    if (p->sid != p->pid)
        return -EPERM;
    if (tty.session && tty.session != p->sid && process_find(tty.session))
        return -EPERM;
    tty.session = p->sid;
    tty.pgrp = p->pgid;
    return 0;
}

static long tty_ioctl(struct thread *t, struct file *f, unsigned cmd, uint64_t arg)
{
    bool controls = process_of(t)->sid == tty.session;
    int value;

    (void)f;
    switch (cmd) {
    case TCGETS:
        return copy_out(t, arg, &tty.termios, sizeof(tty.termios));
    case TCSETS:
    case TCSETSW:
    case TCSETSF:
        return set_termios(t, cmd, arg);
    case TIOCGWINSZ:
        return copy_out(t, arg, &tty.winsize, sizeof(tty.winsize));
    case TIOCSWINSZ:
        return copy_in(t, &tty.winsize, arg, sizeof(tty.winsize));
    case TIOCGPGRP:
        return controls ? copy_out(t, arg, &tty.pgrp, sizeof(tty.pgrp)) : -ENOTTY;
    case TIOCGSID:
        return controls ? copy_out(t, arg, &tty.session, sizeof(tty.session)) : -ENOTTY;
    case TIOCSPGRP:
        return set_pgrp(t, arg);
    case TIOCSCTTY:
        return take_session(t);
    case TIOCNOTTY:
        if (!controls)
            return -ENOTTY;
        tty.session = tty.pgrp = 0;
        return 0;
    case TCFLSH:
        if (arg == 0 || arg == 2)
            tty.used = tty.ready = 0;
        return arg > 2 ? -EINVAL : 0;
    case TCSBRK:
        return 0;
    case FIONREAD:
        value = (int)readable();
        return copy_out(t, arg, &value, sizeof(value));
    default:
        return -ENOTTY;
    }
}

const struct file_ops tty_ops = {.read = tty_read, .write = tty_write, .ioctl = tty_ioctl,
                                 .poll = tty_poll};
