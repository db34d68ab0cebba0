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

    /// The values from the command line: positional arguments and options by name, with the defaults of those not
    /// given.
    [[nodiscard]] const Arguments& arguments() const noexcept { return arguments_; }
    /// The running service. \pre the verb needs `running_service`
    [[nodiscard]] Client& client() const noexcept { return *client_; }
    /// The service, loaded for its configuration but never started. \pre the verb needs `loaded_service`
    [[nodiscard]] ServiceBase& service() const noexcept { return *service_; }
    /// Prints a text to stdout. On a terminal, control characters are escaped. If stdout cannot be written, the verb
    /// fails with a message.
    void print(std::string_view text) const { print_(text); }

private:
    const Arguments& arguments_;
    Client* client_;
    ServiceBase* service_;
    std::function<void(std::string_view text)> print_;
};

/// A verb that the program adds to its command line. Help and completion list it.
/// \code
/// servicekit::service_main<Thumbnailer>(argc, argv, {.name = "thumbnailer"},
///     {{.name = "shrink",
///       .description = "makes one image smaller",
///       .arguments = {{.name = "image", .type = ParameterType::path}},
///       .options = {{.name = "width", .type = ParameterType::integer, .default_value = 64, .minimum = 1}},
///       .run = [](servicekit::VerbRun& run) { return shrink(run.arguments()); }}});
/// \endcode
/// The shell command is `thumbnailer shrink one.ppm --width 32`. The verb also takes settings such as `--config`, and
/// `--help`.
struct ProgramVerb {
    /// What the verb needs to run. If that fails, the verb ends with a message and the exit code of `status` or
    /// `check`.
    enum class Needs {
        nothing,
        running_service,  ///< VerbRun::client()
        loaded_service,   ///< VerbRun::service()
    };

    std::string name;              ///< letters, digits, `.`, `_`, `-`, at most 64; not the name of a built-in verb
    std::string description = {};  ///< one line for the help
    /// Positional arguments, in this order. One without a default is required. The last one may be a list; it takes all
    /// remaining arguments, as strings.
    std::vector<Parameter> arguments = {};
    /// Options `--NAME VALUE` after the verb; a boolean is `--NAME`. One without a default is required, except a
    /// boolean, which is false.
    std::vector<Parameter> options = {};
    Needs needs = Needs::nothing;  ///< change it if `run` calls VerbRun::client() or VerbRun::service()
    /// Runs the verb. \returns the exit code. An exception is printed, and the exit code is 70.
    std::function<int(VerbRun& run)> run = {};
};

}  // namespace servicekit
