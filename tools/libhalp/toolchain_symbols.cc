// The archives that libhalp is linked from are those of the programs: position-independent for a program, where
// data of libstdc++ and libc is reached without a detour. In a shared library that works for what is defined
// inside. These two objects are all that g++ makes the archives refer to (README.md, "How it is linked").
#if defined(__GNUC__) && !defined(__PIC__)
#error "libhalp needs position-independent objects"
#endif

extern "C" {
// std::nothrow: only its type counts, nobody reads it.
__attribute__((visibility("hidden"))) extern const char halp_nothrow __asm__("_ZSt7nothrow");
const char halp_nothrow = 0;
// Whether shared_ptr may count without atomic operations. 0: it may not, which is always right.
__attribute__((visibility("hidden"))) extern char halp_single_threaded __asm__("__libc_single_threaded");
char halp_single_threaded = 0;
}
