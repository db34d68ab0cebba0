#include "cluster/contender.hpp"

#include <filesystem>
#include <utility>
#include <variant>

#include "integration/support/text_file.hpp"
#include "prometheus/prometheus_server.hpp"
#include "servicekit/base/json.hpp"

namespace servicekit::test {
namespace {

std::string made_directory(const std::string& parent, int number) {
    std::string path = parent + "/" + std::to_string(number);
    std::filesystem::create_directories(path);
    return path;
}

}  // namespace

Contender::Contender(const Etcd& etcd, const std::string& directory, Options options)
    : options_{std::move(options)},
      program_{"cluster-trial", made_directory(directory, options_.number)},
      config_{{"cluster-endpoints", etcd.urls()}, {"cluster-prefix", prefix}, {"cluster-ttl", 3}} {
    config_.merge(options_.settings);
    configure_app("writer", options_.number);
    if (!options_.witness.empty()) configure_app("witness", options_.witness);
}

void Contender::configure(std::string_view key, Value value) {
    config_.set(key, std::move(value));
    program_.configure(config_);
}

void Contender::configure_app(std::string_view key, Value value) {
    Object app = config_.get<Object>("app", {});
    app.set(key, std::move(value));
    configure("app", std::move(app));
}

void Contender::start() {
    Command command = program_.command({"run"});
    // What it prints goes to a file, so that a pipe that nobody reads never stops it.
    const Strings shell{"sh", "-c", "exec \"$@\" >>" + program_.directory() + "/printed 2>&1", "run"};
    command.arguments.insert(command.arguments.begin(), shell.begin(), shell.end());
    if (options_.network != nullptr) command = options_.network->on(options_.machine, command);
    process_ = std::make_unique<RunningCommand>(mortal(command));
}

Outcome Contender::finish() {
    Outcome outcome = process_->finish();
    process_.reset();
    outcome.err = read_file(program_.directory() + "/printed");
    return outcome;
}

std::optional<Object> Contender::status() const {
    if (!runs()) return std::nullopt;
    const Outcome printed = verb({"status", "--json"});
    const auto parsed = parse_json(printed.out);
    const auto* const value = std::get_if<Value>(&parsed);
    if (value == nullptr || !value->is_object()) return std::nullopt;
    return value->as_object();
}

std::string Contender::field(std::string_view key) const {
    const auto fields = status();
    const Value* const found = fields ? fields->find(key) : nullptr;
    if (found == nullptr) return "";
    return found->is_string() ? found->as_string() : to_json(*found);
}

void Contender::await_state_field(const std::string& state) const {
    await_scrapes("contender " + std::to_string(number()) + " is " + state, [&] { return field("state") == state; });
}

}  // namespace servicekit::test
