#include "unit/servicectl/web/pages/checked_page.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace servicekit::servicectl::web {
namespace {

struct ReadElement {
    std::string name;
    std::map<std::string, std::string> attributes = {};
};

/// Reads the markup that these pages are made of. It is stricter than a browser: each value is in double quotes.
class PageReader {
public:
    explicit PageReader(std::string_view markup) : rest_{markup} {}

    void read() {
        if (rest_.substr(0, 15) == "<!DOCTYPE html>") rest_.remove_prefix(15);
        while (!rest_.empty()) {
            const std::size_t length = std::min(rest_.find('<'), rest_.size());
            read_text(rest_.substr(0, length));
            rest_.remove_prefix(length);
            if (rest_.substr(0, 2) == "</")
                read_end();
            else if (!rest_.empty())
                read_begin();
        }
        for (const std::string& name : open_) fault("<" + name + "> is not closed");
        check_references();
    }

    std::vector<std::string> faults;
    std::string text;

private:
    void fault(const std::string& what) { faults.push_back(what); }

    void read_text(std::string_view raw) {
        static const std::map<std::string, char> entities{
            {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"#39", '\''}};
        while (!raw.empty()) {
            if (raw.front() != '&') {
                if (raw.front() == '>') fault("a text has a '>' that is not escaped");
                text += raw.front();
                raw.remove_prefix(1);
                continue;
            }
            const std::size_t end = std::min(raw.find(';'), raw.size());
            const auto entity = entities.find(std::string{raw.substr(1, end - 1)});
            if (entity == entities.end())
                fault("an '&' that begins no entity");
            else
                text += entity->second;
            raw.remove_prefix(std::min(end + 1, raw.size()));
        }
    }

    void read_end() {
        const std::size_t end = std::min(rest_.find('>'), rest_.size());
        const std::string name{rest_.substr(2, end - 2)};
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        if (open_.empty() || open_.back() != name)
            fault("</" + name + "> closes " + (open_.empty() ? "nothing" : open_.back()));
        if (!open_.empty()) open_.pop_back();
    }

    std::string read_name() {
        const std::size_t end = std::min(rest_.find_first_of(" =>"), rest_.size());
        std::string name{rest_.substr(0, end)};
        rest_.remove_prefix(end);
        return name;
    }

    void read_begin() {
        rest_.remove_prefix(1);
        ReadElement element{.name = read_name()};
        while (!rest_.empty() && rest_.front() == ' ') {
            rest_.remove_prefix(1);
            const std::string name = read_name();
            std::string value;
            if (rest_.substr(0, 2) == "=\"") {
                rest_.remove_prefix(2);
                const std::size_t end = std::min(rest_.find('"'), rest_.size());
                value = rest_.substr(0, end);
                rest_.remove_prefix(std::min(end + 1, rest_.size()));
            }
            if (!element.attributes.emplace(name, value).second) fault("the attribute " + name + " twice");
        }
        if (rest_.substr(0, 1) != ">") fault("<" + element.name + " has no end");
        rest_.remove_prefix(std::min<std::size_t>(1, rest_.size()));
        static const std::set<std::string> voids{"br", "hr", "img", "input", "link", "meta"};
        if (voids.count(element.name) == 0) open_.push_back(element.name);
        check(element);
    }

    void check(const ReadElement& element) {
        static const std::set<std::string> refused{"style", "iframe", "object", "embed", "base", "applet"};
        if (refused.count(element.name) > 0) fault("the element <" + element.name + ">");
        for (const auto& [name, value] : element.attributes) {
            if (name.substr(0, 2) == "on" || name == "style" || name == "srcdoc") fault("the attribute " + name);
            const bool is_link = name == "href" || name == "src" || name == "action";
            if (is_link &&
                (value.empty() || (value.front() != '/' && value.front() != '#') || value.substr(0, 2) == "//"))
                fault("a link to " + value);
        }
        const auto attribute = [&element](const char* name) {
            const auto found = element.attributes.find(name);
            return found == element.attributes.end() ? std::string{} : found->second;
        };
        if (element.name == "script" && attribute("src").empty()) fault("a script in the page");
        if (const std::string id = attribute("id"); !id.empty() && !ids_.insert(id).second)
            fault("the id " + id + " twice");
        for (const char* const reference : {"aria-labelledby", "aria-describedby", "aria-controls", "for"})
            for (std::string ids = attribute(reference); !ids.empty();) {
                const std::size_t end = std::min(ids.find(' '), ids.size());
                references_.insert(ids.substr(0, end));
                ids.erase(0, end + 1);
            }
        if (element.name == "label") labelled_.insert(attribute("for"));
        static const std::set<std::string> controls{"input", "select", "textarea", "progress"};
        const bool needs_label = controls.count(element.name) > 0 && attribute("type") != "hidden";
        if (needs_label && attribute("aria-label").empty()) controls_.insert(attribute("id"));
        if (element.name == "svg" && attribute("aria-hidden") != "true" && attribute("aria-label").empty())
            fault("a picture without a text");
        if (element.name == "th" && attribute("scope").empty()) fault("a heading of a table without a scope");
    }

    void check_references() {
        for (const std::string& id : references_)
            if (ids_.count(id) == 0) fault("no element has the id " + id);
        for (const std::string& id : controls_)
            if (labelled_.count(id) == 0) fault("no label for " + id);
    }

    std::string_view rest_;
    std::vector<std::string> open_;
    std::set<std::string> ids_, references_, labelled_, controls_;
};

}  // namespace

std::vector<std::string> faults_of(std::string_view markup) {
    PageReader reader{markup};
    reader.read();
    return reader.faults;
}

std::string text_in(std::string_view markup) {
    PageReader reader{markup};
    reader.read();
    return reader.text;
}

}  // namespace servicekit::servicectl::web
