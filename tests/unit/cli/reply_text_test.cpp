#include "cli/reply_text.hpp"

#include <gtest/gtest.h>

#include "servicekit/base/json.hpp"

namespace servicekit::cli {
namespace {

Object object(std::string_view json) { return std::get<Value>(parse_json(json)).as_object(); }

TEST(StatusTextTest, ShowsTheUsualAndTheServicesOwnFields) {
    EXPECT_EQ(status_text(object(R"({"pid":4711,"control-socket":"/run/x.control","uptime":3700,"name":"x",
        "version":"1.0","state":"running","started-at":"2026-01-02T03:04:05Z","pid-file":"/run/x.pid",
        "connections":12,"last error":"disk full"})")),
              "name         x 1.0\n"
              "state        running\n"
              "pid          4711\n"
              "uptime       1 hour 1 minute\n"
              "connections  12\n"
              "last error   disk full\n");
}

TEST(StatusTextTest, ShowsTheRunningEvent) {
    EXPECT_EQ(status_text(object(R"({"name":"x","busy":{"event":"backup","seconds":61}})")),
              "name  x\nbusy  backup, for 1 minute 1 second\n");
}

TEST(StatusTextTest, ShowsTheChecks) {
    EXPECT_EQ(status_text(object(R"({"name":"x","checks":[
        {"name":"database","result":"failed","critical":true,"reason":"refused","age":61,"took":0.1},
        {"name":"disk","result":"ok","critical":false,"age":3,"took":0},
        {"name":"peer","result":"pending","critical":false,"running":2}]})")),
              "name    x\n"
              "checks  database, critical, failed 1 minute 1 second ago: refused\n"
              "        disk, ok 3 seconds ago\n"
              "        peer, pending\n");
}

TEST(StatusTextTest, ToleratesAReplyOfAnotherShape) {
    EXPECT_EQ(status_text(object(R"({"checks":[{"name":"x"}]})")), "checks  [{\"name\":\"x\"}]\n");
    EXPECT_EQ(status_text(object(R"({"name":1,"uptime":"long","busy":3})")), "name  1\n");
    EXPECT_EQ(status_text(object(R"({"uptime":1e300})")), "");
    EXPECT_EQ(status_text({}), "");
}

TEST(EventsTextTest, ShowsHowToCallEachEvent) {
    EXPECT_EQ(events_text(object(R"({"events":[
        {"name":"stop","description":"stops the service","parameters":[]},
        {"name":"backup","description":"copies the data directory","parameters":[
            {"name":"directory","type":"path","required":true,"description":"where to"},
            {"name":"level","type":"integer","required":false,"description":"how hard","default":3},
            {"name":"note","type":"string","required":false,"description":"","default":null}]}]})")),
              "stop\n"
              "    stops the service\n"
              "backup directory=PATH [level=INTEGER] [note=STRING]\n"
              "    copies the data directory\n"
              "      directory  where to\n"
              "      level      how hard; 3 unless given\n"
              "      note\n");
}

TEST(EventsTextTest, ShowsRangesSecretsAndTheRole) {
    EXPECT_EQ(events_text(object(R"({"events":[
        {"name":"login","description":"logs in","needs":"operate","parameters":[
            {"name":"port","type":"integer","required":true,"description":"where","minimum":1,"maximum":65535},
            {"name":"ratio","type":"number","required":false,"minimum":0.5,"default":1},
            {"name":"tries","type":"integer","required":true,"maximum":9},
            {"name":"password","type":"string","required":true,"description":"of the user","secret":true}]}]})")),
              "login port=INTEGER [ratio=NUMBER] tries=INTEGER password=STRING\n"
              "    logs in\n"
              "    role: operate\n"
              "      port      where; 1 to 65535\n"
              "      ratio     at least 0.5; 1 unless given\n"
              "      tries     at most 9\n"
              "      password  of the user; secret\n");
}

TEST(EventsTextTest, ToleratesAReplyOfAnotherShape) {
    EXPECT_EQ(events_text(object(R"({"events":3})")), "");
    EXPECT_EQ(events_text(object(R"({"events":[1,{"name":"x","parameters":[2]}]})")), "x\n");
}

TEST(ReloadTextTest, ShowsWhatWasAppliedAndWhatWasNot) {
    EXPECT_EQ(reload_text(object(R"({"applied":["log-level","/app/port"],"needs-restart":["pid-file"]})")),
              "applied        log-level, /app/port\nneeds-restart  pid-file\n");
    EXPECT_EQ(reload_text(object(R"({"applied":[],"needs-restart":[]})")), "nothing changed\n");
}

}  // namespace
}  // namespace servicekit::cli
