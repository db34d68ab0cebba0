#include "servicectl/web/token_file.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace servicekit::servicectl::web {

Result<std::string> read_token(const std::string& path, const os::Host& host) {
    constexpr std::size_t shortest = 16;
    constexpr std::size_t longest = 512;
    constexpr mode_t of_others = 0077;
    const auto refuse = [&path](std::string reason) {
        return Error{ExitCode::configuration, "read the token from", path, std::move(reason)};
    };
    // The checks are of the file that is read, whatever is at the path later.
    auto file = host.files->open_for_reading(path);
    if (!file) return refuse(file.error().reason);
    const auto status = (*file)->status();
    if (!status) return refuse(status.error().reason);
    if (status->type != os::FileType::regular) return refuse("it is not a regular file");
    if (status->uid != 0 && status->uid != host.process->effective_user())
        return refuse("it belongs to uid " + std::to_string(status->uid) + ", and not to this user or root");
    if ((status->permissions & of_others) != 0)
        return refuse("other users may read or change it; 'chmod 600' keeps them out");
    auto text = (*file)->read_at(0, longest + 2);
    if (!text) return refuse(text.error().reason);
    while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
    if (text->size() > longest) return refuse("it has more than " + std::to_string(longest) + " bytes");
    if (text->size() < shortest)
        return refuse("a token has at least " + std::to_string(shortest) +
                      " bytes; 'head -c 24 /dev/urandom | base64' makes one");
    // It must fit in a header.
    if (!std::all_of(text->begin(), text->end(), [](char c) { return c > ' ' && c < '\x7f'; }))
        return refuse("a token is one line of ASCII characters without spaces");
    return *std::move(text);
}

}  // namespace servicekit::servicectl::web
