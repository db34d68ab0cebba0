#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <string>
#include <system_error>

namespace servicekit::test {

/// A moment at which a service was active.
struct Stamp {
    enum class Kind : std::uint32_t { start, active, stop };
    std::atomic<std::uint64_t> token{0};  ///< 0: not written, or not yet
    std::int64_t time = 0;                ///< nanoseconds of CLOCK_BOOTTIME
    std::uint32_t writer = 0;             ///< the number of the instance
    std::int32_t pid = 0;
    Kind kind = Kind::active;
};

/// \returns nanoseconds of CLOCK_BOOTTIME, which is the same for all processes of a machine
[[nodiscard]] inline std::int64_t boot_time() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * std::int64_t{1'000'000'000} + now.tv_nsec;
}

/// A file in memory in which instances of a service note when they are active. A writer that is killed loses at most
/// the stamp that it just writes.
class Witness {
public:
    static constexpr std::uint64_t capacity = 4'000'000;

    /// Opens the file, and makes it if it is missing.
    explicit Witness(const std::string& file) {
        const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (descriptor < 0) throw std::system_error{errno, std::generic_category(), file};
        void* const memory = ::ftruncate(descriptor, sizeof(Content)) == 0
                                 ? ::mmap(nullptr, sizeof(Content), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
                                 : MAP_FAILED;
        const int error = errno;
        ::close(descriptor);
        if (memory == MAP_FAILED) throw std::system_error{error, std::generic_category(), file};
        content_ = static_cast<Content*>(memory);
    }
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;
    ~Witness() { ::munmap(content_, sizeof(Content)); }

    void write(std::uint32_t writer, std::uint64_t token, Stamp::Kind kind) {
        const std::uint64_t index = content_->count.fetch_add(1);
        if (index >= capacity) return;  // the reader sees that it is full
        Stamp& stamp = content_->stamps[index];
        stamp.writer = writer;
        stamp.pid = ::getpid();
        stamp.kind = kind;
        stamp.time = boot_time();
        stamp.token.store(token, std::memory_order_release);
    }

    [[nodiscard]] std::uint64_t count() const { return content_->count.load(); }
    [[nodiscard]] const Stamp& stamp(std::uint64_t index) const { return content_->stamps[index]; }

private:
    struct Content {
        std::atomic<std::uint64_t> count;
        Stamp stamps[capacity];
    };

    Content* content_ = nullptr;
};

}  // namespace servicekit::test
