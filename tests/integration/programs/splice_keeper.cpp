// Appends its standard input, a pipe, to a file. Each byte moves in one system call, so it is in the pipe or in the
// file whenever this program is killed.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fputs("usage: splice-keeper FILE\n", stderr);
        return 64;
    }
    const int file = ::open(argv[1], O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0 || ::lseek(file, 0, SEEK_END) < 0) {
        std::perror(argv[1]);
        return 73;
    }
    constexpr std::size_t at_once = 64U << 10U;
    for (;;) {
        const ssize_t count = ::splice(STDIN_FILENO, nullptr, file, nullptr, at_once, SPLICE_F_MOVE);
        if (count == 0) return 0;
        if (count < 0 && errno != EINTR) {
            std::perror("splice");
            return 74;
        }
    }
}
