#pragma once

#include <servicekit/configured.hpp>
#include <servicekit/servicekit.hpp>

#include <string>

/// The keys below "app" in the config file. The initializers are the defaults.
struct Config {
    std::string greeting = "hello";
};

/// Declares the keys. Their checks, options, environment variables and help follow from this.
inline void describe(servicekit::Schema<Config>& config) { config.add("greeting", &Config::greeting, "how it greets"); }

class MyService final : public servicekit::Configured<Config> {
public:
    using Configured::Configured;  // tests construct it with fakes

private:
    void on_start() override {
        events().add({.name = "greet",
                      .description = "greets somebody",
                      .parameters = {{.name = "name", .description = "whom to greet"}},
                      .handler = [this](const servicekit::Arguments& arguments, servicekit::Context&) {
                          return greet(arguments.get<std::string>("name"));
                      }});
    }

    servicekit::Reply greet(const std::string& name) {
        greetings_.add();
        log().info("greets somebody", {{"name", name}});
        return {{"text", config().greeting + ", " + name}};
    }

    /// `status` and `metrics` show it.
    servicekit::Counter greetings_ = metrics().counter("greetings", "greetings that were given");
};
