#include "cli/given_arguments.hpp"

#include <cstddef>
#include <utility>

#include "base/escaped_text.hpp"

namespace servicekit::cli {
namespace {

constexpr std::size_t largest_value = std::size_t{1} << 20U;

Error not_an_argument(const std::string& word, std::string reason) {
    return Error{ExitCode::usage, "use the argument", word, std::move(reason)};
}

/// Removes the line end that echo(1) and editors add to a file.
std::string without_line_end(std::string text) {
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    return text;
}

/// Reads values that are not on the command line.
class Sources {
public:
    explicit Sources(const os::Host& host) : host_{&host} {}

    /// \param word the argument that needs the value
    Result<std::string> stdin_for(const std::string& word, const std::string& name) {
        if (stdin_is_used_) return not_an_argument(word, "stdin is read for another one already");
        stdin_is_used_ = true;
        if (!name.empty() && host_->streams->is_terminal(os::Stream::in)) return typed_for(word, name);
        auto text = host_->streams->read_rest(largest_value);
        if (!text) return text;
        return without_line_end(*std::move(text));
    }
    Result<std::string> file(const std::string& path) const {
        auto text = host_->files->read(path, largest_value);
        if (!text) return text;
        return without_line_end(*std::move(text));
    }

private:
    Result<std::string> typed_for(const std::string& word, const std::string& name) const {
        auto line = host_->streams->ask_hidden(escaped(name) + ": ");
        if (!line) return line.error();
        if (!*line) return not_an_argument(word, "nothing was typed");
        return **std::move(line);
    }

    const os::Host* host_;
    bool stdin_is_used_ = false;
};

Result<GivenArgument> given_argument(const std::string& word, Sources& sources) {
    const auto equals = word.find('=');
    const bool has_source = equals != std::string::npos && equals > 0 && word[equals - 1] == ':';
    const std::string name = word.substr(0, has_source ? equals - 1 : equals);
    if (equals == std::string::npos || name.empty()) return not_an_argument(word, "expected name=value");
    const std::string rest = word.substr(equals + 1);
    if (!has_source) return GivenArgument{.name = name, .value = rest, .in_words = word};
    if (rest != "-" && (rest.size() < 2 || rest.front() != '@'))
        return not_an_argument(word, "expected " + name + ":=@FILE or " + name + ":=-");
    auto value = rest == "-" ? sources.stdin_for(word, name) : sources.file(rest.substr(1));
    if (!value) return value.error();
    return GivenArgument{.name = name, .value = *std::move(value), .in_words = word};
}

}  // namespace

Result<GivenArguments> given_arguments(const Invocation& invocation, const os::Host& host) {
    Sources sources{host};
    GivenArguments given{.json = invocation.json_arguments};
    if (given.json) given.json_in_words = "--json " + *given.json;
    if (given.json == "-") {
        auto text = sources.stdin_for(given.json_in_words, {});
        if (!text) return text.error();
        given.json = *std::move(text);
    }
    for (const std::string& word : invocation.arguments) {
        auto argument = given_argument(word, sources);
        if (!argument) return argument.error();
        given.named.push_back(*std::move(argument));
    }
    return given;
}

}  // namespace servicekit::cli
