#include "servicectl/web/service_lines.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "servicekit/mocks/fake_os.hpp"
#include "unit/servicectl/top/listed_services.hpp"

namespace servicekit::servicectl::web {
namespace {

using ::testing::ElementsAre, ::testing::IsEmpty, ::testing::Pair, ::testing::SizeIs, ::testing::StartsWith;

class ServiceIdsTest : public ::testing::Test {
protected:
    ServiceRow& add(const std::string& name, const std::string& directory, uid_t owner = 0) {
        auto row = std::make_unique<ServiceRow>();
        row->service.place.paths.name = name;
        row->service.place.paths.control_socket = directory + "/" + name + ".control";
        row->service.place.paths.pid_file = directory + "/" + name + ".pid";
        row->service.place.owner = owner;
        rows.push_back(std::move(row));
        return *rows.back();
    }
    [[nodiscard]] ServiceIds ids() const {
        std::vector<const ServiceRow*> shown;
        for (const auto& row : rows) shown.push_back(row.get());
        return {shown, host.host()};
    }
    std::vector<std::unique_ptr<ServiceRow>> rows;
    mutable mocks::FakeOs host;
};

TEST_F(ServiceIdsTest, AServiceHasItsNameAndALongerOneThatStays) {
    const ServiceRow& web = add("web", "/run");
    EXPECT_EQ(ids().of(web), "web");
    EXPECT_EQ(ids().find("web"), &web);
    EXPECT_EQ(ids().find("other"), nullptr);

    const ServiceRow& second = add("web", "/run/second");
    const std::string id = ids().of(web);
    EXPECT_THAT(id, StartsWith("web."));
    EXPECT_NE(id, ids().of(second));
    EXPECT_EQ(ids().find(id), &web);
    EXPECT_EQ(ids().find("web"), nullptr);
    rows.pop_back();
    EXPECT_EQ(ids().find(id), rows.front().get());
}

TEST_F(ServiceIdsTest, AnotherUserCannotTakeTheNameOfAService) {
    constexpr uid_t eve = 1000;
    const ServiceRow& others = add("web", "/run/user/1000", eve);
    EXPECT_EQ(ids().of(others), "web");
    const ServiceRow& own = add("web", "/run");
    EXPECT_EQ(ids().of(own), "web");
    EXPECT_EQ(ids().find("web"), &own);
    // Nor by a service that is named like the longer id of another.
    const std::string longer = ids().of(others);
    const ServiceRow& imitation = add(longer, "/run", 0);
    EXPECT_EQ(ids().find(longer), &others);
    EXPECT_EQ(ids().of(imitation), longer);
}

TEST(LineTest, HasWhatTheListKnows) {
    ServiceRow row{top::listed({.name = "web", .memory = 4096, .uptime = 5, .busy = 3, .pid = 7})};
    row.cpu = 12.5;
    row.service.fields.set("health", "not ready");
    const ServiceLine line = line_of(row, "web");
    EXPECT_EQ(line.id, "web");
    EXPECT_EQ(line.pid, 7);
    EXPECT_EQ(line.cpu, 12.5);
    EXPECT_EQ(line.uptime, std::chrono::seconds{5});
    EXPECT_EQ(line.health, ServiceLine::Health::not_ready);
    EXPECT_TRUE(line.is_running);
}

TEST(StatusFieldsTest, AreThoseThatALineDoesNotHave) {
    Object status{
        {"pid", 1}, {"name", "web"}, {"state", "running"}, {"started-at", "now"}, {"depth", Object{{"a", 1}}}};
    EXPECT_THAT(status_fields(status), ElementsAre(Pair("started-at", "now"), Pair("depth", R"({"a":1})")));
    for (int i = 0; i < 1000; ++i) status.set("field-" + std::to_string(i), std::string(5000, 'x'));
    const auto fields = status_fields(status);
    EXPECT_THAT(fields, SizeIs(200));
    EXPECT_THAT(fields.back().second, SizeIs(1024));
}

TEST(ChecksTest, AreShownInWords) {
    const Object status{
        {"checks",
         Value::List{
             Object{{"name", "disk"}, {"result", "failed"}, {"critical", true}, {"reason", "full"}, {"age", 12}},
             Object{{"name", "mail"}, {"result", "ok"}, {"critical", false}, {"age", 3}},
             Object{{"name", "cache"}, {"result", "timed-out"}, {"critical", false}}, "nonsense"}}};
    EXPECT_THAT(checks_in_words(status),
                ElementsAre("disk: failed: full (12 s ago)", "mail: ok (3 s ago), not critical",
                            "cache: timed-out, not critical"));
    EXPECT_THAT(checks_in_words({{"checks", 1}}), IsEmpty());
}

TEST(EventFormsTest, OfferTheEventsOfTheProgram) {
    const Object reply{
        {"events",
         Value::List{
             Object{{"name", "stop"}, {"needs", "admin"}}, Object{{"name", "kill"}, {"needs", "admin"}},
             Object{{"name", "status"}, {"needs", "read"}},
             Object{
                 {"name", "greet"},
                 {"needs", "operate"},
                 {"description", "greets"},
                 {"parameters",
                  Value::List{Object{{"name", "name"}, {"type", "string"}, {"required", true}, {"description", "whom"}},
                              Object{{"name", "password"},
                                     {"type", "string"},
                                     {"required", false},
                                     {"secret", true},
                                     {"default", "hidden"}},
                              "nonsense"}}},
             Object{{"name", "eval"}, {"needs", "owner"}}, "nonsense", Object{}}}};
    const auto forms = event_forms(reply, "");
    ASSERT_THAT(forms, SizeIs(2));
    EXPECT_EQ(forms[0].name, "greet");
    ASSERT_THAT(forms[0].parameters, SizeIs(2));
    EXPECT_TRUE(forms[0].parameters[0].is_required);
    EXPECT_TRUE(forms[0].parameters[1].is_secret);
    EXPECT_FALSE(forms[0].parameters[1].default_value);
    EXPECT_TRUE(may_run(forms, "greet"));
    EXPECT_FALSE(may_run(forms, "eval"));
    EXPECT_FALSE(may_run(forms, "kill"));
    EXPECT_FALSE(may_run(event_forms(reply, "read-only"), "greet"));
    EXPECT_THAT(event_forms({{"events", "nonsense"}}, ""), IsEmpty());
}

TEST(EventFormsTest, AreBounded) {
    Value::List parameters(100, Object{{"name", "a"}, {"type", "string"}});
    Value::List events(1000, Object{{"name", "many"}, {"needs", "operate"}, {"parameters", parameters}});
    const auto forms = event_forms({{"events", events}}, "");
    EXPECT_THAT(forms, SizeIs(300));
    EXPECT_THAT(forms.front().parameters, SizeIs(64));
    EXPECT_FALSE(may_run(forms, "many"));
}

TEST(SystemdUnitTest, IsTheServiceOfTheCgroup) {
    EXPECT_EQ(unit_in("0::/system.slice/greeter.service\n").name, "greeter.service");
    EXPECT_FALSE(unit_in("0::/system.slice/greeter.service\n").is_of_user);
    const Unit own = unit_in("0::/user.slice/user-1000.slice/user@1000.service/app.slice/greeter.service\n");
    EXPECT_EQ(own.name, "greeter.service");
    EXPECT_TRUE(own.is_of_user);
    EXPECT_EQ(unit_in("0::/system.slice/system-web.slice/web@1.service\n").name, "web@1.service");
    EXPECT_EQ(unit_in("12:cpu:/other.service\n1:name=systemd:/system.slice/greeter.service\n").name, "greeter.service");
    for (const char* const none : {"", "nonsense", "0::/\n", "0::/user.slice/user-1000.slice/session-3.scope\n",
                                   "0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-x.scope\n",
                                   "0::/user.slice/user-1000.slice/user@1000.service\n"})
        EXPECT_EQ(unit_in(none).name, "") << none;
}

}  // namespace
}  // namespace servicekit::servicectl::web
