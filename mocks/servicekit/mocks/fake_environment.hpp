#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "servicekit/os/environment.hpp"

namespace servicekit::mocks {

/// Environment variables in a map. An empty one counts as unset.
class FakeEnvironment final : public os::Environment {
public:
    FakeEnvironment() = default;
    FakeEnvironment(std::initializer_list<std::pair<const std::string, std::string>> variables)
        : variables_{variables} {}

    [[nodiscard]] std::optional<std::string> get(const std::string& name) const override {
        const auto found = variables_.find(name);
        return found == variables_.end() || found->second.empty() ? std::nullopt : std::optional{found->second};
    }
    [[nodiscard]] std::vector<std::string> names() const override {
        std::vector<std::string> names;
        for (const auto& [name, value] : variables_)
            if (!value.empty()) names.push_back(name);
        return names;
    }

    void set(const std::string& name, const std::string& value) override { variables_.insert_or_assign(name, value); }
    void unset(const std::string& name) override { variables_.erase(name); }

private:
    std::map<std::string, std::string> variables_;
};

}  // namespace servicekit::mocks
