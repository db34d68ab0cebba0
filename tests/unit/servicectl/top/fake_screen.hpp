#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicectl/top/line_window.hpp"
#include "servicectl/top/screen.hpp"
#include "servicekit/mocks/fake_reactor.hpp"

namespace servicekit::servicectl::top {

/// Returns 2 for the characters of East Asia, 0 for combining marks, and otherwise 1.
inline std::size_t fake_width(char32_t character) {
    if (character >= 0x300 && character <= 0x36f) return 0;
    return character >= 0x2e80 && character <= 0xffdc ? 2 : 1;
}

inline std::string text_of(const Line& line) {
    std::string text;
    for (const Span& span : line) text += span.text;
    return text;
}
inline std::string text_of(const Page& page) {
    std::string text;
    for (const Line& line : page) text += text_of(line) + "\n";
    return text;
}
/// Returns the style in which a page shows a text; nothing if no span has it.
inline std::optional<Style> style_of(const Page& page, std::string_view text) {
    for (const Line& line : page)
        for (const Span& span : line)
            if (span.text.find(text) != std::string::npos) return span.style;
    return std::nullopt;
}

inline Key key(Key::Name name) { return {.name = name}; }
inline Key letter(std::string text) { return {Key::Name::character, std::move(text)}; }

/// The terminal of a test: what is typed, and what its screen shows.
struct FakeTerminal {
    explicit FakeTerminal(mocks::FakeReactor& turned) : reactor{turned}, descriptor{turned.open("the keyboard")} {}

    void type(Key typed) {
        keys.push_back(std::move(typed));
        reactor.set_readable(descriptor, true);
    }
    void type(std::string_view letters) {
        for (const char typed : letters) type(letter(std::string{typed}));
    }
    void type(Key::Name name) { type(key(name)); }
    /// Makes the descriptor readable without a key, for ever.
    void hang_up() {
        is_gone = true;
        reactor.set_readable(descriptor, true);
    }
    [[nodiscard]] std::string text() const { return text_of(page); }

    mocks::FakeReactor& reactor;
    int descriptor;
    Size size{24, 100};
    std::deque<Key> keys;
    bool is_gone = false;
    Page page;              ///< the last one
    std::string calls;      ///< "open", "leave", "enter", "adapt" and "close", in order
    ScreenOptions options;  ///< of the screen that was opened
    std::function<void()> on_leave = {};
};

class FakeScreen final : public Screen {
public:
    FakeScreen(FakeTerminal& terminal, ScreenOptions options) : terminal_{terminal} {
        terminal_.options = std::move(options);
        note("open");
    }
    FakeScreen(const FakeScreen&) = delete;
    FakeScreen& operator=(const FakeScreen&) = delete;
    ~FakeScreen() override { note("close"); }

    [[nodiscard]] Size size() const override { return terminal_.size; }
    [[nodiscard]] std::size_t columns_of(char32_t character) const override { return fake_width(character); }
    void show(const Page& page) override { terminal_.page = page; }
    [[nodiscard]] int input() const override { return terminal_.descriptor; }
    std::optional<Key> read_key() override {
        if (terminal_.keys.empty()) return std::nullopt;
        Key next = std::move(terminal_.keys.front());
        terminal_.keys.pop_front();
        if (terminal_.keys.empty() && !terminal_.is_gone) terminal_.reactor.set_readable(terminal_.descriptor, false);
        return next;
    }
    void adapt() override { note("adapt"); }
    void leave() override {
        note("leave");
        if (terminal_.on_leave) terminal_.on_leave();
    }
    void enter() override { note("enter"); }

private:
    void note(const char* call) { terminal_.calls += (terminal_.calls.empty() ? "" : " ") + std::string{call}; }

    FakeTerminal& terminal_;
};

}  // namespace servicekit::servicectl::top
