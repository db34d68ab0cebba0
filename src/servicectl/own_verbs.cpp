#include "servicectl/own_verbs.hpp"

#include <algorithm>
#include <array>

#include "cli/command_line.hpp"
#include "servicectl/completion.hpp"
#include "servicectl/list.hpp"
#include "servicectl/man.hpp"
#include "servicectl/new/new.hpp"
#include "servicectl/top/watch_services.hpp"
#include "servicectl/web/options.hpp"
#include "servicectl/web/serve.hpp"

namespace servicekit::servicectl {
namespace {

constexpr std::array list_options{
    OptionRow{"", "--all", "", "also services that have ended"},
    OptionRow{"", "--timeout", "SECONDS", "how long to wait for all answers; 0.5 s unless given"},
};
constexpr std::array<std::string_view, 2> list_examples{"list", "list 'web-*' --json"};

constexpr std::array top_options{
    OptionRow{"", "--interval", "SECONDS", "time between two requests; 2 s unless given"},
    list_options[0],
    list_options[1],
};
constexpr std::array<std::string_view, 3> top_examples{"top", "top 'web-*' --interval 5", "-H db.example.org top"};

constexpr std::array web_options{
    OptionRow{"", "--listen", "ADDRESS",
              "a path, HOST:PORT or [ADDRESS]:PORT; a socket in the run directory unless given"},
    OptionRow{"", "--token-file", "FILE", "the token of those who may use the page; TCP needs one"},
    OptionRow{"", "--read-token-file", "FILE", "a second token, of those who may only read"},
    OptionRow{"", "--tls-cert", "FILE", "the certificate, in PEM"},
    OptionRow{"", "--tls-key", "FILE", "its key, in PEM"},
    OptionRow{"", "--insecure", "", "no TLS on an address that is not the loopback"},
    OptionRow{"", "--read-only", "", "the page changes no service"},
    OptionRow{"", "--allow-actions", "", "the page changes services although root serves it"},
    OptionRow{"", "--host", "NAME", "a further name of this server in URLs; may be repeated"},
    OptionRow{"", "--interval", "SECONDS", "time between two requests to the services; 2 s unless given"},
};
constexpr std::array<std::string_view, 2> web_examples{
    "web", "web --listen localhost:8080 --token-file ~/.config/servicectl-web.token"};

constexpr std::array<std::string_view, 1> new_examples{"new mailbox && cd mailbox"};

constexpr std::array<std::string_view, 1> man_pages{"servicekit"};

constexpr std::array rows{
    OwnVerb{.name = "list",
            .arguments = "[PATTERN...]",
            .text = "shows all services: name, state, pid, user, what they are busy with",
            .options = list_options,
            .argument_kind = ArgumentKind::services,
            .examples = list_examples,
            .check = &check_list,
            .run = &list},
    OwnVerb{.name = "top",
            .arguments = "[PATTERN...]",
            .text = "shows the list live on the terminal, with details of each service",
            .options = top_options,
            .note = "The key ? shows all keys; q quits. No key changes a service.",
            .has_json = false,
            .argument_kind = ArgumentKind::services,
            .examples = top_examples,
            .check = &check_top,
            .run = &top::watch_services},
    OwnVerb{.name = "web",
            .arguments = "[PATTERN...]",
            .text = "serves a web page of the services, and their metrics for Prometheus",
            .options = web_options,
            .note = "Without --listen it listens on a unix socket that only this user can connect to. Events that "
                    "need the role owner are never offered.",
            .has_json = false,
            .argument_kind = ArgumentKind::services,
            .examples = web_examples,
            .check = &web::check_web,
            .run = &web::serve},
    OwnVerb{.name = "new",
            .arguments = "NAME [DIR]",
            .text = "writes the project of a new service, which builds and passes its test at once",
            .note = "NAME has small letters and digits, in words joined by '-' or '_'. DIR must be missing or "
                    "empty; the default is ./NAME.",
            .examples = new_examples,
            .check = &check_new,
            .run = &make_project},
    OwnVerb{.name = "completion",
            .arguments = "SHELL",
            .text = "prints a completion script of servicectl for bash, zsh or fish",
            .argument_kind = ArgumentKind::words,
            .words = cli::shells,
            .check = &check_completion,
            .run = &completion},
    OwnVerb{.name = "man",
            .arguments = "[servicekit]",
            .text = "prints the man page servicectl(1), or servicekit(7), which is about all services",
            .argument_kind = ArgumentKind::words,
            .words = man_pages,
            .check = &check_man,
            .run = &man},
};

constexpr std::array common{
    OptionRow{"-H", "", "HOST", "run it on this host, over ssh"},
    OptionRow{"", "--json", "", "print JSON, errors too"},
    OptionRow{"", "--all-users", "", "patterns match the services of other users, too"},
    OptionRow{"-y", "--yes", "", "do not ask before a pattern changes services"},
    OptionRow{"-h", "--help", "", "print this, or the help of the verb"},
    OptionRow{"", "--version", "", "print the version"},
};

}  // namespace

std::span<const OwnVerb> own_verbs() noexcept { return rows; }

const OwnVerb* find_own_verb(std::string_view name) noexcept {
    const auto* const found =
        std::find_if(rows.begin(), rows.end(), [name](const OwnVerb& verb) { return verb.name == name; });
    return found != rows.end() ? found : nullptr;
}

std::span<const OptionRow> common_options() noexcept { return common; }

std::string in_words(const OptionRow& option) {
    std::string words{option.letter};
    if (!option.letter.empty() && !option.name.empty()) words += ", ";
    words += option.name;
    if (!option.placeholder.empty()) words += " " + std::string{option.placeholder};
    return words;
}

}  // namespace servicekit::servicectl
