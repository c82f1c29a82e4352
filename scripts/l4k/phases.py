# SPDX-License-Identifier: BSD-2-Clause
"""The phases of an operation, as data: which function, inlined function or instruction belongs to
which. What is not named here is "other".

A "check" is whatever the kernel does only to find out whether it must refuse: the condition of an
`if` that refuses (REFUSAL), an assertion, a function that is one, and in assembly a comparison
with its jump.
"""
import re

# As printed.
PHASES = ["user program", "stub", "entry", "fast path", "copy in", "rights and names", "checks",
          "buffers", "copy", "queue", "schedule", "switch", "copy out", "exception",
          "thread state", "kernel object", "vm", "exit", "placement", "server", "other"]

INHERIT = None  # an inlined function without a phase of its own is part of who calls it

# Kernel functions: patterns of the path and of the function, both of the whole; the first rule that
# fits counts. An inlined function is asked about first, then what it is inlined in.
ANY = r".*"
FUNCTIONS = [(re.compile(path), re.compile(function), phase) for path, function, phase in [
    # Functions that are checks.
    (r"mach_ipc/right_move\.c", r"right_copyin_check", "checks"),
    (r"mach_ipc/right\.h", r"right_check", "checks"),
    (r"mach_ipc/port\.h", r"port_valid", "checks"),
    (r"mach_ipc/copyin\.c", r"well_formed|times", "checks"),
    (r"mach_ipc/mach_msg\.c", r"takes_reply", "checks"),
    (r"mach_ipc/message\.c", r"refuses", "checks"),
    (r"mach_ipc/kern/exception\.c", r"reply_ok|result_ok|state_reply_ok", "checks"),
    (r"mach_ipc/kern/state\.c", r"sanitise", "checks"),
    # The Mach-style path.
    (r"mach_ipc/copyin\.c",
     r"copyin_common|copyin_header|copyin_right|copyin_inline|check_reply|cancel_request",
     "rights and names"),
    (r"mach_ipc/copyin\.c", ANY, "copy in"),
    (r"mach_ipc/copyout\.c",
     r"consume_destination|copyout_right|kmsg_consume_remote|kmsg_copyout_destination",
     "rights and names"),
    (r"mach_ipc/copyout\.c", ANY, "copy out"),
    (r"mach_ipc/(space|right|right_move|port|port_set|notify)\.[ch]", ANY, "rights and names"),
    (r"mach_ipc/kmsg\.[ch]", r"kmsg_next|kmsg_remote|kmsg_local|kmsg_set_header", INHERIT),
    (r"mach_ipc/kmsg\.[ch]", ANY, "buffers"),
    (r"mach_ipc/(message\.[ch]|queue\.h)", ANY, "queue"),
    (r"mach_ipc/mach_msg\.c", r"mach_msg_trap", "entry"),
    (r"mach_ipc/mach_msg\.c", r"finish", "exit"),
    (r"mach_ipc/mach_msg\.c", r"receive_message|tell_size|too_large", "copy out"),
    (r"mach_ipc/mach_msg\.c", ANY, "queue"),
    (r"mach_ipc/wait\.[ch]", r"mach_return", "exit"),
    (r"mach_ipc/wait\.[ch]", ANY, "schedule"),
    (r"mach_ipc/kern/exception\.c", ANY, "exception"),
    (r"mach_ipc/kern/state\.c", ANY, "thread state"),
    (r"mach_ipc/kern/(trap|foreign)\.c", ANY, "entry"),
    (r"mach_ipc/(kern/.*|mach_port\.[ch])", ANY, "kernel object"),
    # The L4-style path.
    (r"l4k/ipc/cap\.[ch]", ANY, "rights and names"),
    (r"l4k/ipc/(invoke\w*|gate|init)\.[ch]", ANY, "kernel object"),
    (r"l4k/ipc/(transfer|utcb)\.c", ANY, "copy"),
    (r"l4k/ipc/fault\.c", ANY, "exception"),
    (r"l4k/ipc/(wait|l4_thread)\.[ch]", ANY, "schedule"),
    (r"l4k/ipc/ipc\.[ch]", r"ipc_syscall", "entry"),
    (r"l4k/ipc/ipc\.[ch]", r"ipc_switch", "switch"),
    (r"l4k/ipc/.*", ANY, "queue"),
    # What both stand on.
    (r"l4k/kern/sched\.[ch]", r"sched_switch_to|thread_activate", "switch"),
    (r"l4k/kern/(fpu|regs)\.[ch]", ANY, "switch"),
    (r"l4k/kern/(sched|timeout)\.[ch]", ANY, "schedule"),
    (r"l4k/kern/(kmem|kvm)\.[ch]", ANY, "buffers"),
    (r"l4k/kern/(object|task|thread)\.h", ANY, INHERIT),
    (r"l4k/kern/(object|task|thread|entropy)\.c", ANY, "kernel object"),
    (r"l4k/vm/pmap\.c", r"pmap_activate", "switch"),
    (r"l4k/vm/pmap\.h", ANY, INHERIT),
    (r"l4k/vm/.*|l4k/kern/frame\.[ch]", ANY, "vm"),
    (r"l4k/sys/trap\.c", ANY, "entry"),
    (r"l4k/sys/(main|root)\.c", ANY, "kernel object"),
    (r"l4k/lib/string\.c", ANY, "copy"),
    (r"personality/place/.*", ANY, "placement"),
]]

# Instructions of assembly: patterns of the path, the symbol before it, and the instruction as
# objdump writes it, each matched at its start; the first rule that fits counts.
_JUMP = r"cmp|test|j(?!mp)[a-z]+ "
_IPC = r"(l4k/ipc|mach_ipc)/\w+\.S"
_FAST, _FAST_ENTRY = r"l4k/ipc/fastpath\.S", r"syscall_entry_"
_PLACE = r"personality/place/kernel/\w+\.S"
_COPY = r"l4k/x86_64/user_copy_asm\.S"
_TRAP = r"l4k/x86_64/entry\.S"
ASSEMBLY = [tuple(map(re.compile, rule[:3])) + (rule[3],) for rule in [
    (_COPY, r"", _JUMP, "checks"),
    (_COPY, r"load_user_word|copy_from_user|user_copy_start", r"", "copy in"),
    (_COPY, r"copy_to_user", r"", "copy out"),
    (_COPY, r"", r"", "copy"),

    # The fast path. rsp: the running thread, above its frame; r11: its partner; rcx: a capability.
    # There `je` skips what need not be switched, every other jump refuses.
    (_FAST, _FAST_ENTRY, r"cmp +\(%rsp\),%rcx|je ", "switch"),
    (_IPC, r"", r".*%cr[03]|(wr|rd)(msr|[fg]sbase)", "switch"),
    (_IPC, r"", r"sysret", "exit"),
    (_IPC, r"", _JUMP, "checks"),
    (_FAST, _FAST_ENTRY, r"mov +0x\w+\(%rip\),%e[bc]x", "checks"),  # ranks, to be compared
    (_FAST, _FAST_ENTRY, r"mov +(-0x\w+\(%r11\)|%r\w+,%rsp)|xor ", "exit"),
    (_FAST, _FAST_ENTRY, r"mov +(%r\w+,-0x\w+\(%rsp\)|%rsp,0x\w+\(%rip\)|0x\w+\(%rip\),%r)",
     "entry"),
    (_FAST, _FAST_ENTRY, r"mov +(%eax,%r11d|0x\w+\(%rsp\),%r(cx|11)|"
                         r"(0x\w+)?\(%rcx(,%r11,8)?\),)", "rights and names"),
    (_FAST, _FAST_ENTRY, r"mov +((0x\w+)?\(%r11\),%(eax|edx|rcx)|%r11,0x\w+\(%rip\)|"
                         r"%rcx,0x\w+\(%rsp\)|%rax,%r12|%rdx,%r13|%r12,%rax|%r13,%rdx|"
                         r"\$0x\w+,%ecx)|inc ", "switch"),
    (_FAST, _FAST_ENTRY, r"mov[lq] +\$|mov +(%r\w+,0x\w+\(%r11\)|%r11,0x\w+\(%rsp\)|"
                         r"0x\w+\(%rsp\),%ecx|%ecx,0x\w+\(%rsp\))", "queue"),
    (_FAST, _FAST_ENTRY, r"mov +%rbx,%rax", "copy"),
    (_FAST, _FAST_ENTRY, r"mov +-0x\w+\(%rsp\),%rbx|jmp ", "entry"),  # on to the slow path
    (_FAST, _FAST_ENTRY, r"or |movb |mov +%e[bc]x,0x\w+\(%rip\)", "switch"),  # of the FPU
    (_FAST, _FAST_ENTRY, r"", "fast path"),
    (r"mach_ipc/entry\.S", r"other|give_way", r"", "exit"),
    (_IPC, r"", r"", "entry"),

    (_TRAP, r"frame_return", r"", "exit"),
    (_TRAP, r"run_continuation", r"", "schedule"),
    (_TRAP, r"cpu_idle", r"", "other"),
    (_TRAP, r"", r"", "entry"),

    # The system call of a collocated server.
    (_PLACE, r"", _JUMP, "checks"),
    (_PLACE, r"syscall_foreign", r"mov +%\w+,(0x\w+)?(-0x\w+)?\(", "entry"),
    (_PLACE, r"syscall_foreign", r"mov +-?(0x\w+)?\(%r[bc]x\),|sysret", "exit"),
    (r"personality/place/", r"", r"", "placement"),
]]

# Where conditions that refuse count as checks: not in the VM, whose phase is its own.
CHECKED = re.compile(r"mach_ipc/|l4k/(ipc|kern|sys)/")

# What refusing looks like: the statement behind an `if`, or one of the few in its braces.
REFUSAL = re.compile(r"(return|goto) *((false|NULL|kr|s|refused|bad\w*)\b|"
                     r"\(?(KERN|MACH_SEND|MACH_RCV|MIG|ERR)_(?!SUCCESS)\w+)"
                     r"|(kr|s|result) = (KERN|MACH_SEND|MACH_RCV|MIG|ERR)_(?!SUCCESS)\w+"
                     r"|(finish|mach_return|send_failed|reply_error)\(.*\b(kr|"
                     r"(KERN|MACH_SEND|MACH_RCV)_(?!SUCCESS)\w+)\)")


def of_assembly(path, symbol, text):
    """The phase of an instruction in assembly."""
    for of_path, of_symbol, of_text, phase in ASSEMBLY:
        if of_path.match(path) and of_symbol.match(symbol) and of_text.match(text):
            return phase
    return "other"


def of_function(path, function):
    """The phase of a kernel function; INHERIT: none of its own."""
    for of_path, of_name, phase in FUNCTIONS:
        if of_path.fullmatch(path) and of_name.fullmatch(function):
            return phase
    return INHERIT


def _closing(text, start):
    """Index behind the parenthesis that closes the one at `start`; -1: none does."""
    depth = 0
    for at in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return -1


def _without_comments(text):
    """The source with comments blanked, lines kept."""
    return re.sub(r"/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text,
                  flags=re.DOTALL)


def check_lines(text):
    """Numbers of the lines of a C source that hold a condition that refuses, or an assertion."""
    text, lines = _without_comments(text), set()
    for match in re.finditer(r"\b(if|assert) ?\(", text):
        end = _closing(text, match.end() - 1)
        if end < 0:
            continue
        then = re.match(r"\s*(\{[^{}]*\}|[^;{}]*;)", text[end:])
        plain = then and not re.search(r"\b(if|for|while)\b", then[1])
        if match[1] == "assert" or (plain and REFUSAL.search(then[1])):
            first = text.count("\n", 0, match.start()) + 1
            lines.update(range(first, first + text.count("\n", match.start(), end) + 1))
    return lines
