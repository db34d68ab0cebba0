#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace servicekit {

/// Finds the beginning and end of each JSON array in a stream of bytes, without parsing the arrays. It reads each byte
/// once, however the stream is split into chunks, except that it may read the first 128 bytes of an array twice. It
/// stores only one bit for each open bracket. An array that it reports as complete has balanced brackets; only
/// parse_json() decides if it is valid JSON.
class JsonScanner {
public:
    struct Limits {
        std::size_t max_bytes = 1024 * 1024;  ///< of one array, without the white space around it
        std::size_t max_depth = 64;           ///< of nested arrays and objects; the outermost one is 1
    };

    enum class State {
        skipping,   ///< no array has begun; white space may have been skipped
        inside,     ///< an array has begun, and its end has not been read yet
        complete,   ///< Step::end is the end of the array
        malformed,  ///< the stream cannot be such an array; see offset() and reason()
        too_large,
        too_deep,
    };

    /// The result of one call of feed().
    struct Step {
        State state = State::skipping;
        std::size_t begin = 0;  ///< the bytes [begin, end) of the chunk belong to the array
        std::size_t end = 0;    ///< where to continue after `complete`
    };

    JsonScanner() : JsonScanner{Limits{}} {}
    explicit JsonScanner(Limits limits) : limits_{limits} {}

    /// Reads the next bytes. After `complete`, feed the rest of the chunk: the next array begins there. `malformed`,
    /// `too_large` and `too_deep` are final, because the scanner cannot find the beginning of the next array.
    Step feed(std::string_view chunk);

    [[nodiscard]] State state() const noexcept { return state_; }
    /// Returns the number of bytes of the current array that were read; after `malformed`, the position of the fault.
    /// Counted from the first byte of the array, or from the byte that should have been its first.
    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    /// Returns what is wrong if the state is `malformed`: "a string has a control character that is not escaped".
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
    std::vector<bool> open_objects_;  ///< one bit for each open bracket: true if it is an object's
    std::size_t offset_ = 0;
    std::string_view reason_;
};

}  // namespace servicekit
