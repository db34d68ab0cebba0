#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cluster/etcd.hpp"
#include "cluster/network.hpp"
#include "integration/support/service_program.hpp"
#include "servicekit/base/value.hpp"

namespace servicekit::test {

/// An instance of programs/cluster_trial.cpp that competes for the lock in etcd, in the foreground and with a directory
/// of its own.
class Contender {
public:
    struct Options {
        int number = 0;
        Object settings = {};              ///< more members of the config file
        const Network* network = nullptr;  ///< it runs on its machine `machine`
        int machine = 0;
        std::string witness = {};  ///< the file of a Witness
    };
    static constexpr const char* prefix = "/servicekit-test";
    static constexpr const char* keys = "/servicekit-test/cluster-trial/";  ///< what the keys of contenders begin with

    /// Writes the config file. Starts nothing. \param directory must exist
    Contender(const Etcd& etcd, const std::string& directory, Options options);

    /// Adds or replaces a member of the config file, for the next start or reload.
    void configure(std::string_view key, Value value);
    /// Adds or replaces a member of `app`.
    void configure_app(std::string_view key, Value value);

    void start();
    [[nodiscard]] bool runs() const { return process_ && !process_->has_ended(); }
    /// \returns true if finish() would return at once
    [[nodiscard]] bool has_ended() const { return process_ && process_->has_ended(); }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    void signal(int number) const { process_->signal(number); }
    /// Waits for its end. \pre it was started
    Outcome finish();

    /// Runs a verb that must succeed or not, and waits for its end.
    [[nodiscard]] Outcome verb(const Strings& arguments) const { return program_.verb(arguments); }
    /// \returns the fields of its status; nothing if it gives none
    [[nodiscard]] std::optional<Object> status() const;
    /// \returns a field of its status as text, with lists and objects in JSON; empty without one
    [[nodiscard]] std::string field(std::string_view key) const;
    /// Waits until its field `state` has this value.
    void await_state_field(const std::string& state) const;
    [[nodiscard]] std::string log() const { return program_.log(); }
    [[nodiscard]] int number() const noexcept { return options_.number; }
    [[nodiscard]] int machine() const noexcept { return options_.machine; }

private:
    Options options_;
    ServiceProgram program_;
    Object config_;
    std::unique_ptr<RunningCommand> process_;
};

}  // namespace servicekit::test
