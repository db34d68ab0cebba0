#include "servicectl/completion.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "cli/command_line.hpp"
#include "cli/completion/completion_scripts.hpp"
#include "cli/verb_options.hpp"
#include "cli/verbs.hpp"
#include "servicectl/own_verbs.hpp"
#include "servicectl/places.hpp"
#include "servicectl/targets.hpp"
#include "servicectl/verb_on_place.hpp"

namespace servicekit::servicectl {
namespace {

using cli::Lookup;
using cli::Verb;
using Words = std::vector<std::string>;

/// Completes one command line.
class Completer {
public:
    Completer(const Words& words, const KnownServices& services)
        : words_{words}, word_{words.back()}, services_{services} {}

    cli::Completion complete() {
        understand();
        if (awaits_host_) return {.lookup = Lookup::hosts};
        if (verb_.empty()) {
            word_.starts_with('-') ? offer_options() : offer_verbs();
        } else if (own_ != nullptr) {
            complete_own_verb();
        } else if (described_ != nullptr) {
            complete_verb();
        }
        return std::move(completion_);
    }

private:
    /// Reads the words before the last.
    void understand() {
        const std::size_t last = words_.size() - 1;
        for (std::size_t i = 0; i < last; ++i) {
            const std::string& word = words_[i];
            if (is_behind_target()) {
                of_service_.push_back(word);
            } else if (word.starts_with("-H")) {
                has_host_ = true;
                if (word == "-H" && ++i == last) awaits_host_ = true;
            } else if (!cli::is_option(word)) {
                take(word);
            } else if (takes_next(word, words_[i + 1])) {
                of_service_.push_back(word);
                if (++i == last)
                    awaits_value_ = true;
                else
                    of_service_.push_back(words_[i]);
            }
        }
    }
    void take(const std::string& word) {
        if (!verb_.empty()) {
            targets_.push_back(word);
            return;
        }
        verb_ = word;
        own_ = find_own_verb(word);
        const cli::VerbDescription* const described = own_ == nullptr ? cli::find_verb(word) : nullptr;
        if (described != nullptr && has_verb(described->verb)) described_ = described;
    }
    [[nodiscard]] bool is_behind_target() const {
        return described_ != nullptr && has_arguments(described_->verb) && !targets_.empty();
    }
    [[nodiscard]] bool takes_next(const std::string& option, const std::string& next) const {
        if (option.find('=') != std::string::npos) return false;
        if (own_ != nullptr)
            return std::any_of(own_->options.begin(), own_->options.end(), [&option](const OptionRow& row) {
                return !row.placeholder.empty() && (option == row.name || option == row.letter);
            });
        if (option == "--json") return described_ != nullptr && described_->verb == Verb::call;
        return described_ != nullptr && cli::takes_next(option, next);
    }

    void offer(std::string_view word, std::string_view description) {
        if (!word.empty() && word.starts_with(word_))
            completion_.offers.push_back({std::string{word}, std::string{description}});
    }
    void offer_options() {
        for (const OptionRow& option : common_options()) {
            if (option.name == "--version" && !verb_.empty()) continue;
            offer(option.name.empty() ? option.letter : option.name, option.text);
        }
    }
    void offer_verbs() {
        for (const OwnVerb& verb : own_verbs()) offer(verb.name, verb.text);
        for (const cli::VerbDescription& verb : cli::verbs(cli::LispVerbs::shown, SettingScope::with_standby))
            if (has_verb(verb.verb)) offer(verb.name, verb.text);
    }
    void offer_services(WhichServices which) {
        // The services are those of another machine.
        if (has_host_) return;
        if (word_.find('/') != std::string::npos) {
            completion_.lookup = Lookup::files;
            return;
        }
        for (const cli::Offer& service : services_.names(which))
            if (std::find(targets_.begin(), targets_.end(), service.word) == targets_.end())
                offer(service.word, service.description);
    }

    void complete_own_verb() {
        if (awaits_value_) return;
        if (word_.starts_with('-')) {
            for (const OptionRow& option : own_->options) offer(option.name, option.text);
            offer_options();
        } else if (own_->argument_kind == ArgumentKind::services) {
            offer_services(WhichServices::all);
        } else if (targets_.empty()) {
            for (const std::string_view word : own_->words) offer(word, {});
        }
    }
    void complete_verb() {
        const bool is_option = word_.starts_with('-') && !awaits_value_;
        if (is_option && word_.find('=') == std::string::npos) {
            for (const cli::OptionDescription& option : options_of_verb(described_->verb))
                offer(option.name, option.description);
            offer_options();
        } else if (is_option || awaits_value_ || is_behind_target()) {
            delegate();
        } else {
            offer_services(works_without_service(described_->verb) ? WhichServices::all : WhichServices::may_run);
        }
    }
    static bool works_without_service(Verb verb) {
        return verb == Verb::status || verb == Verb::pid || verb == Verb::wait || verb == Verb::logs ||
               verb == Verb::crashes;
    }
    /// Completes the line as the program of the service does.
    void delegate() {
        Words words{verb_};
        words.insert(words.end(), of_service_.begin(), of_service_.end());
        words.push_back(word_);
        completion_ = cli::complete_words(
            words, {.lisp = cli::LispVerbs::shown, .scope = SettingScope::with_standby}, [this](const auto&) {
                return has_host_ || targets_.empty() ? Object{} : services_.events(targets_.front());
            });
    }

    const Words& words_;
    const std::string& word_;
    const KnownServices& services_;
    std::string verb_;
    const OwnVerb* own_ = nullptr;
    const cli::VerbDescription* described_ = nullptr;
    Words targets_;
    Words of_service_;  ///< options of the verb, and what is behind its target
    bool has_host_ = false;
    bool awaits_host_ = false;
    bool awaits_value_ = false;
    cli::Completion completion_;
};

/// Returns true unless it can be seen, without a connection, that no service runs at the place.
bool may_run(const Place& place, const os::Host& host) {
    const auto socket = host.files->status(place.paths.control_socket, os::Links::do_not_follow);
    if (socket && *socket && (*socket)->type == os::FileType::socket) return true;
    // In a directory of another user, the pidfile may be anything.
    if (place.owner != 0 && place.owner != host.process->effective_user()) return false;
    const auto owner = host.locks->owner(place.paths.pid_file, os::Look::thorough);
    return !owner || owner->has_value();
}

std::vector<cli::Offer> names_of(WhichServices which, const os::Host& host) {
    std::vector<cli::Offer> names;
    const bool is_root = host.process->effective_user() == 0;
    for (const Place& place : find_places(host)) {
        // Only root can use the verbs on the services of other users.
        if (is_of_another_user(place, host) && !is_root) continue;
        // A shell would take it for an option.
        if (place.name().front() == '-') continue;
        if (which == WhichServices::may_run && !may_run(place, host)) continue;
        if (names.empty() || names.back().word != place.name())
            names.push_back({place.name(), place.paths.control_socket});
        else
            names.back().description += ", " + place.paths.control_socket;
    }
    return names;
}

Object events_at(const std::string& target, const cli::Tools& tools) {
    if (is_pattern(target)) return {};
    const Meant meant = find_target(target, find_places(tools.host), false, tools.host);
    return meant.places.size() == 1 ? events_of(meant.places.front(), tools) : Object{};
}

}  // namespace

cli::Completion complete_command(const Words& words, const KnownServices& services) {
    if (words.empty()) return {};
    return Completer{words, services}.complete();
}

void complete(const Words& words, cli::Console& console, const cli::Tools& tools) {
    const KnownServices services{.names = [&tools](WhichServices which) { return names_of(which, tools.host); },
                                 .events = [&tools](const std::string& target) { return events_at(target, tools); }};
    console.print(cli::to_text(complete_command(words, services)));
}

std::optional<std::string> check_completion(Command& command) {
    if (command.targets.empty()) return "missing shell: bash, zsh or fish";
    const std::string& shell = command.targets.back();
    if (command.targets.size() > 1 || std::find(cli::shells.begin(), cli::shells.end(), shell) == cli::shells.end())
        return "'" + shell + "' is not one of bash, zsh and fish";
    return std::nullopt;
}

int completion(const Command& command, cli::Console& console, const Tools&) {
    const std::string script = cli::completion_script(command.targets.front(), "servicectl");
    console.tell(script, {{"script", script}});
    return 0;
}

}  // namespace servicekit::servicectl
