/* SPDX-License-Identifier: BSD-2-Clause */
/* Formatted output into a buffer. */
#include <stdbool.h>
#include <stdint.h>

#include "l4k/lib/format.h"
#include "l4k/lib/string.h"

/* The buffer being filled; `len` goes on counting where it is full. */
struct out {
    char *buf;
    size_t size;
    size_t len;
};

/* One conversion as parsed: flags, minimum width, precision (-1: none), size of the argument. */
struct spec {
    bool left, zero, alt;
    char sign; /* what stands before a number that is not negative, or 0 */
    int width, precision;
    size_t bytes;
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void pad(struct out *o, char c, int n)
{
    while (n-- > 0)
        put(o, c);
}

/* `prefix`, zeros up to `digits`, then `text` of `len` bytes, in a field of the given width. */
static void put_field(struct out *o, const struct spec *s, const char *prefix, int digits,
                      const char *text, int len)
{
    int zeros = digits > len ? digits - len : 0;
    int fill = s->width - (int)strlen(prefix) - zeros - len;

    if (!s->left)
        pad(o, ' ', fill);
    while (*prefix != '\0')
        put(o, *prefix++);
    pad(o, '0', zeros);
    for (int i = 0; i < len; i++)
        put(o, text[i]);
    if (s->left)
        pad(o, ' ', fill);
}

static void put_number(struct out *o, const struct spec *s, uint64_t value, bool negative,
                       unsigned base, const char *digits)
{
    char text[24], *end = text + sizeof(text), *p = end;
    char prefix[4] = "";
    int n = 0, min = s->precision;
    bool hex = s->alt && base == 16 && value != 0;

    while (value != 0) {
        *--p = digits[value % base];
        value /= base;
    }
    if (negative)
        prefix[n++] = '-';
    else if (s->sign != 0)
        prefix[n++] = s->sign;
    if (hex) {
        prefix[n++] = '0';
        prefix[n++] = digits[10] == 'A' ? 'X' : 'x';
    }
    if (min < 0)
        min = s->zero && !s->left && s->width - n > 1 ? s->width - n : 1;
    if (s->alt && base == 8 && min <= end - p)
        min = (int)(end - p) + 1;
    put_field(o, s, prefix, min, p, (int)(end - p));
}

static void put_string(struct out *o, const struct spec *s, const char *text)
{
    if (text == NULL)
        text = "(null)";
    put_field(o, s, "", 0, text,
              (int)(s->precision < 0 ? strlen(text) : strnlen(text, (size_t)s->precision)));
}

/* A decimal number, or the next argument for '*'. */
static int parse_int(const char **fmt, va_list *ap)
{
    int n = 0;

    if (**fmt == '*') {
        (*fmt)++;
        return va_arg(*ap, int);
    }
    while (**fmt >= '0' && **fmt <= '9')
        n = n * 10 + *(*fmt)++ - '0';
    return n;
}

static void parse_flags(const char **fmt, struct spec *s)
{
    for (;; (*fmt)++) {
        switch (**fmt) {
        case '-': s->left = true; break;
        case '0': s->zero = true; break;
        case '#': s->alt = true; break;
        case '+': s->sign = '+'; break;
        case ' ': s->sign = s->sign == '+' ? '+' : ' '; break;
        default: return;
        }
    }
}

static size_t parse_length(const char **fmt)
{
    char c = **fmt;

    if (c != 'h' && c != 'l' && c != 'j' && c != 'z' && c != 't')
        return sizeof(int);
    (*fmt)++;
    if (**fmt == c && (c == 'h' || c == 'l')) {
        (*fmt)++;
        return c == 'h' ? 1 : 8;
    }
    return c == 'h' ? 2 : 8;
}

static void parse_spec(const char **fmt, struct spec *s, va_list *ap)
{
    *s = (struct spec){.precision = -1};
    parse_flags(fmt, s);
    s->width = parse_int(fmt, ap);
    if (s->width < 0) {
        s->left = true;
        s->width = -s->width;
    }
    if (**fmt == '.') {
        (*fmt)++;
        s->precision = parse_int(fmt, ap);
    }
    s->bytes = parse_length(fmt);
}

static uint64_t next_unsigned(const struct spec *s, va_list *ap)
{
    if (s->bytes == 8)
        return va_arg(*ap, uint64_t);
    unsigned v = va_arg(*ap, unsigned);
    return s->bytes == 4 ? v : s->bytes == 2 ? (uint16_t)v : (uint8_t)v;
}

static int64_t next_signed(const struct spec *s, va_list *ap)
{
    if (s->bytes == 8)
        return va_arg(*ap, int64_t);
    int v = va_arg(*ap, int);
    return s->bytes == 4 ? v : s->bytes == 2 ? (int16_t)v : (int8_t)v;
}

static void put_signed(struct out *o, const struct spec *s, int64_t v)
{
    put_number(o, s, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10, "0123456789");
}

static void put_unsigned(struct out *o, struct spec *s, uint64_t v, unsigned base, bool upper)
{
    s->sign = 0;
    put_number(o, s, v, false, base, upper ? "0123456789ABCDEF" : "0123456789abcdef");
}

/* Performs the conversion at *fmt, which stands behind its '%'. */
static void convert(struct out *o, const char **fmt, va_list *ap)
{
    const char *start = *fmt;
    struct spec s;
    char c;

    parse_spec(fmt, &s, ap);
    c = **fmt;
    switch (c) {
    case 'd':
    case 'i': put_signed(o, &s, next_signed(&s, ap)); break;
    case 'u': put_unsigned(o, &s, next_unsigned(&s, ap), 10, false); break;
    case 'o': put_unsigned(o, &s, next_unsigned(&s, ap), 8, false); break;
    case 'x':
    case 'X': put_unsigned(o, &s, next_unsigned(&s, ap), 16, c == 'X'); break;
    case 'p':
        s.alt = true;
        put_unsigned(o, &s, (uintptr_t)va_arg(*ap, void *), 16, false);
        break;
    case 'c':
        c = (char)va_arg(*ap, int);
        put_field(o, &s, "", 0, &c, 1);
        break;
    case 's': put_string(o, &s, va_arg(*ap, const char *)); break;
    case '%': put(o, '%'); break;
    default:
        put(o, '%');
        *fmt = start;
        return;
    }
    (*fmt)++;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {.buf = buf, .size = size};
    va_list args;

    va_copy(args, ap);
    while (*fmt != '\0') {
        if (*fmt != '%') {
            put(&o, *fmt++);
            continue;
        }
        fmt++;
        convert(&o, &fmt, &args);
    }
    va_end(args);
    if (size > 0)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return (int)o.len;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return n;
}
