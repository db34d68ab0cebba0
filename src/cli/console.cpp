#include "cli/console.hpp"

#include "servicekit/base/json.hpp"

namespace servicekit::cli {

void Console::print_json(const Object& object) {
    const bool for_people = streams_->is_terminal(os::Stream::out);
    print((for_people ? to_pretty_json(Value{object}) : to_json(object)) + "\n");
}

int Console::fail(const Error& error) {
    complain(error.message());
    return to_int(error.exit_code);
}

bool Console::shows_bars() const {
    // A dumb terminal (in an editor, a log) can't take a line back.
    return streams_->is_terminal(os::Stream::error) && environment_->get("TERM").value_or("dumb") != "dumb";
}

bool Console::shows_colours(os::Stream stream) const {
    // no-color.org: any value but the empty one.
    return streams_->is_terminal(stream) && environment_->get("TERM").value_or("dumb") != "dumb" &&
           environment_->get("NO_COLOR").value_or("").empty();
}

void Console::write_line(os::Stream stream, std::string_view text) {
    streams_->write(stream, who_ + ": " + std::string{text} + "\n");
}

}  // namespace servicekit::cli
