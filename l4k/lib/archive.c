/* SPDX-License-Identifier: BSD-2-Clause */
/* cpio "newc": a header of 6 characters magic and 13 numbers of 8 hexadecimal digits, the name with
 * its NUL padded to 4 bytes, the contents padded to 4 bytes. */
#include "l4k/lib/archive.h"

#include <stdint.h>

#include "l4k/lib/string.h"

#define HEADER_SIZE 110
#define FIELD_FILESIZE 6
#define FIELD_NAMESIZE 11

static bool field(const char *header, unsigned index, uint64_t *out)
{
    const char *p = header + 6 + 8 * index;

    *out = 0;
    for (unsigned i = 0; i < 8; i++) {
        char c = p[i];

        if (c >= '0' && c <= '9')
            c -= '0';
        else if (c >= 'a' && c <= 'f')
            c -= 'a' - 10;
        else if (c >= 'A' && c <= 'F')
            c -= 'A' - 10;
        else
            return false;
        *out = *out << 4 | (uint64_t)c;
    }
    return true;
}

static uint64_t align4(uint64_t n)
{
    return (n + 3) & ~UINT64_C(3);
}

bool archive_find(const void *archive, size_t size, const char *name, const void **data,
                  size_t *length)
{
    const char *base = archive;
    uint64_t at = 0;

    while (at < size && size - at >= HEADER_SIZE) {
        const char *header = base + at;
        uint64_t file, names, contents;

        if (memcmp(header, "070701", 6) || !field(header, FIELD_FILESIZE, &file) ||
            !field(header, FIELD_NAMESIZE, &names))
            return false;
        contents = at + align4(HEADER_SIZE + names);
        if (names == 0 || contents > size || file > size - contents ||
            header[HEADER_SIZE + names - 1] != 0)
            return false;
        if (!strcmp(header + HEADER_SIZE, name)) {
            *data = base + contents;
            *length = file;
            return true;
        }
        at = align4(contents + file);
    }
    return false;
}
