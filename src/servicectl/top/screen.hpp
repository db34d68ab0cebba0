#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "servicekit/base/result.hpp"

namespace servicekit::servicectl::top {

/// What a text means; a screen chooses its colour and weight.
enum class Tone { plain, strong, faint, hung, dead };

struct Style {
    Tone tone = Tone::plain;
    bool reverse = false;  ///< foreground and background are exchanged
    bool underlined = false;
    friend bool operator==(const Style&, const Style&) = default;
};

/// A text of one style on one line. It is valid UTF-8 without control characters: see append_escaped().
struct Span {
    std::string text;
    Style style = {};
    friend bool operator==(const Span&, const Span&) = default;
};
using Line = std::vector<Span>;
/// The lines of a screen from its top. Those that are missing are empty.
using Page = std::vector<Line>;

struct Size {
    std::size_t rows = 0;
    std::size_t columns = 0;
    friend bool operator==(const Size&, const Size&) = default;
};

/// A key that was typed.
struct Key {
    enum class Name {
        character,
        enter,
        escape,
        tab,
        backspace,
        up,
        down,
        left,
        right,
        page_up,
        page_down,
        home,
        end,
        other,  ///< one that nothing here uses
    };
    Name name = Name::other;
    std::string text = {};  ///< of a character, in UTF-8: one without control characters
};

/// A terminal that shows pages. The destructor restores the terminal. All functions are for one thread, and none waits
/// for a key.
class Screen {
public:
    virtual ~Screen() = default;
    [[nodiscard]] virtual Size size() const = 0;
    /// Returns the number of columns that a character takes: 0, 1 or 2.
    [[nodiscard]] virtual std::size_t columns_of(char32_t character) const = 0;
    /// Shows the page in place of the last one. What is outside the screen is cut.
    virtual void show(const Page& page) = 0;
    /// Returns the descriptor that is readable when a key was typed.
    [[nodiscard]] virtual int input() const = 0;
    /// \returns nothing if no key is left
    virtual std::optional<Key> read_key() = 0;
    /// Finds out the size after the terminal was resized.
    virtual void adapt() = 0;
    /// Restores the terminal as it was before, for the time that the process is stopped.
    virtual void leave() = 0;
    /// Takes the terminal again, and draws everything on it at the next show().
    virtual void enter() = 0;
};

struct ScreenOptions {
    std::string terminal = {};  ///< its type, as in TERM
    bool has_colours = false;
};
/// Opens the screen on the terminal of stdin and stdout. \returns an error for an unknown type of terminal
using OpenScreen = std::function<Result<std::unique_ptr<Screen>>(const ScreenOptions&)>;

}  // namespace servicekit::servicectl::top
