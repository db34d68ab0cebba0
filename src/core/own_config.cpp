#include "core/own_config.hpp"

#include <utility>

namespace servicekit {

void OwnConfig::declare(std::shared_ptr<const ConfigSchema> schema) {
    schema_ = std::move(schema);
    all_.push_back(schema_->defaults());
    current_.store(all_.back().get(), std::memory_order_release);
}

const void* OwnConfig::current() const noexcept {
    if (loader_.load(std::memory_order_relaxed) == std::this_thread::get_id()) return next_.get();
    return current_.load(std::memory_order_acquire);
}

void OwnConfig::begin(const Value& app) {
    if (!schema_) return;
    next_ = schema_->read(app);
    next_values_ = app;
    loader_.store(std::this_thread::get_id(), std::memory_order_relaxed);
}

void OwnConfig::commit() {
    if (!next_) return;
    loader_.store({}, std::memory_order_relaxed);
    if (all_.size() > 1 && next_values_ == in_force_) return next_.reset();
    all_.push_back(std::move(next_));
    in_force_ = std::move(next_values_);
    current_.store(all_.back().get(), std::memory_order_release);
}

void OwnConfig::abandon() noexcept {
    loader_.store({}, std::memory_order_relaxed);
    next_.reset();
}

}  // namespace servicekit
