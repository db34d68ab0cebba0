#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "servicekit/core/arguments.hpp"
#include "servicekit/core/event.hpp"
#include "servicekit/core/service_base.hpp"

namespace servicekit {

class Client;

/// One run of a verb that the program has added to its command line.
class VerbRun {
public:
    /// \param print prints to stdout
    VerbRun(const Arguments& arguments, Client* client, ServiceBase* service,
            std::function<void(std::string_view text)> print)
        : arguments_{arguments}, client_{client}, service_{service}, print_{std::move(print)} {}

    /// What the command line gave: positional arguments and options by name, with the defaults of those that it left out.
    [[nodiscard]] const Arguments& arguments() const noexcept { return arguments_; }
    /// The running service. \pre the verb needs one
    [[nodiscard]] Client& client() const noexcept { return *client_; }
    /// The service, which is loaded and will not be started: for its configuration. \pre the verb needs it
    [[nodiscard]] ServiceBase& service() const noexcept { return *service_; }
    /// Prints a text to stdout. On a terminal control characters are escaped. If the text can't be written, the verb fails
    /// with a message.
    void print(std::string_view text) const { print_(text); }

private:
    const Arguments& arguments_;
    Client* client_;
    ServiceBase* service_;
    std::function<void(std::string_view text)> print_;
};

/// A verb that a program adds to those that every service program has. It is in the help and the completion.
/// \code
/// servicekit::service_main<Thumbnailer>(argc, argv, {.name = "thumbnailer"},
///     {{.name = "shrink",
///       .description = "makes one image smaller",
///       .arguments = {{.name = "image", .type = ParameterType::path}},
///       .options = {{.name = "width", .type = ParameterType::integer, .default_value = 64, .minimum = 1}},
///       .run = [](servicekit::VerbRun& run) { return shrink(run.arguments()); }}});
/// \endcode
/// `thumbnailer shrink one.ppm --width 32`. Settings such as `--config` may be given too, and `--help`.
struct ProgramVerb {
    /// What there must be before it runs. If it can't be had, the verb ends with a message, and the exit code of `status` or
    /// of `check`.
    enum class Needs {
        nothing,
        running_service,  ///< VerbRun::client()
        loaded_service,   ///< VerbRun::service()
    };

    std::string name;  ///< letters, digits, `.`, `_`, `-`, at most 64; none that every program has
    std::string description = {};
    /// Positional arguments, in this order. One without a default must be given. The last one may be a list, and then takes
    /// all that is left, as texts.
    std::vector<Parameter> arguments = {};
    /// `--NAME VALUE`, behind the verb; a boolean is `--NAME`. One without a default must be given; a boolean is false then.
    std::vector<Parameter> options = {};
    Needs needs = Needs::nothing;
    /// \returns the exit code. What it throws is printed, and the exit code is 70.
    std::function<int(VerbRun& run)> run = {};
};

}  // namespace servicekit
