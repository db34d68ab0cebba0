#pragma once

/// A service whose configuration is a plain struct: see Configured and Schema.

#include <memory>

#include "servicekit/core/config_schema.hpp"
#include "servicekit/service.hpp"

namespace servicekit {

/// A service with a configuration of its own, declared in one place.
/// \code
/// struct Config {
///     std::string greeting = "hello";
/// };
/// void describe(servicekit::Schema<Config>& config) { config.add("greeting", &Config::greeting, "how it greets"); }
///
/// class Greeter final : public servicekit::Configured<Config> {
///     servicekit::Reply greet() { return {{"text", config().greeting}}; }
/// };
/// \endcode
/// A load and a reload fill a new struct and check all of it before on_load() runs. If the check or on_load() throws,
/// the running configuration stays unchanged.
/// \tparam Base the service to derive from
template <class Config, class Base = Service>
class Configured : public Base {
public:
    using Base::Base;

    /// The current configuration; in on_load(), the one that is being loaded. A reload does not change keys that need a
    /// restart. May be called from any thread, and takes no lock.
    /// The struct never changes and lives as long as the service; a reload that changes something makes a new one. Two
    /// calls may therefore return different structs: to read members that belong together, call it once.
    [[nodiscard]] const Config& config() const noexcept { return *static_cast<const Config*>(this->current_config()); }

    /// The keys that describe() declares. Works without a service, for a test of a configuration.
    [[nodiscard]] static std::shared_ptr<const ConfigSchema> config_schema() {
        auto schema = std::make_shared<Schema<Config>>();
        describe(*schema);
        return schema;
    }

private:
    bool is_declared_ = this->declare_config(config_schema());
};

}  // namespace servicekit
