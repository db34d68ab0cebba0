// expect: a LogPolicy needs `Result<void> open()`
// expect: a LogPolicy needs `void write(const contract::LogRecord&) noexcept`
// expect: a LogPolicy's `flush`, where it has one, is `void flush(std::chrono::milliseconds)`
// expect: a LogPolicy needs `void close(std::chrono::milliseconds) noexcept`

#include "servicekit/policy_concepts.hpp"

using namespace servicekit;

struct LogWithWrongSignatures {
    struct Options {};
    explicit LogWithWrongSignatures(Options) {}
    void configure(const contract::Deployment&) {}
    bool open() { return true; }               // the wrong type
    void write(const contract::LogRecord&) {}  // may throw
    Result<void> reopen() { return {}; }
    void set_level(LogLevel) {}
    void flush() {}  // without the time
    Result<void> hand_to(uid_t, gid_t) { return {}; }
    void close() noexcept {}  // without the time
};

template struct servicekit::CheckLogPolicy<LogWithWrongSignatures>;
