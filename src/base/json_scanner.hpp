#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace servicekit {

/// Finds in a stream of bytes where one JSON array after another begins and ends, without parsing them:
/// each byte is looked at once, however the stream is cut, and nothing is kept but the open brackets, a bit each.
/// What it calls complete is balanced; whether it is JSON, parse_json() tells.
class JsonScanner {
public:
    struct Limits {
        std::size_t max_bytes = 1024 * 1024;  ///< of one array, white space around it not counted
        std::size_t max_depth = 64;           ///< of nested arrays and objects; the outermost one is 1
    };

    enum class State {
        skipping,   ///< no array has begun; white space, if anything, was skipped
        inside,     ///< an array has begun, its end is still to come
        complete,   ///< Step::end is the end of the array
        malformed,  ///< the stream can't be such an array; see offset() and reason()
        too_large,
        too_deep,
    };

    /// What one call of feed() found.
    struct Step {
        State state = State::skipping;
        std::size_t begin = 0;  ///< bytes [begin, end) of the chunk are the array's, or the part of it that is here
        std::size_t end = 0;    ///< where to go on once it is complete
    };

    JsonScanner() : JsonScanner{Limits{}} {}
    explicit JsonScanner(Limits limits) : limits_{limits} {}

    /// Goes on with the next bytes. After `complete`, feed the rest of the chunk: it begins the next array.
    /// After `malformed`, `too_large` and `too_deep` nothing else comes: where an array would begin can't be told.
    Step feed(std::string_view chunk);

    [[nodiscard]] State state() const noexcept { return state_; }
    /// How many bytes of the current array were read; after `malformed`, where the fault is.
    /// Counted from the array's first byte, or from what should have been it.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    /// What is wrong, where it is `malformed`: "a string has a control character that is not escaped".
    [[nodiscard]] std::string_view reason() const noexcept { return reason_; }
    [[nodiscard]] const Limits& limits() const noexcept { return limits_; }

private:
    void begin(char byte);
    void read(char byte);
    void read_in_string(char byte);
    void open(bool is_object);
    void close(bool is_object);
    void refuse(std::string_view reason);

    Limits limits_;
    State state_ = State::skipping;
    bool in_string_ = false;
    bool after_backslash_ = false;
    std::vector<bool> open_objects_;  ///< one bit for each open bracket: whether it is an object's
    std::size_t offset_ = 0;
    std::string_view reason_;
};

}  // namespace servicekit
