"""Conan 2: conan create packaging/conan --build=missing"""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2.0"


class ServicekitConan(ConanFile):
    name = "servicekit"
    description = "A framework for writing unix services in C++20"
    license = "MIT"
    topics = ("service", "daemon", "unix")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "cluster": [True, False], "mocks": [True, False],
               "servicectl": [True, False]}
    default_options = {"shared": False, "cluster": False, "mocks": True, "servicectl": False}

    def _tree(self):
        return os.path.join(self.recipe_folder, "..", "..")

    def set_version(self):
        header = load(self, os.path.join(self._tree(), "include", "servicekit", "base", "version.hpp"))
        self.version = re.search(r'library_version = "(.*?)"', header).group(1)

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "README.md", "CHANGELOG.md", "cmake/*", "docs/*", "examples/*",
                        "include/*", "mocks/*", "packaging/*", "src/*"):
            copy(self, pattern, self._tree(), self.export_sources_folder)

    def requirements(self):
        # Programs link these two with the static library. The others are compiled into it.
        self.requires("boost/[>=1.74 <2]")
        self.requires("zlib/[>=1.2 <2]")
        for library in ("cli11/[>=2.1 <3]", "fmt/[>=9 <12]", "rapidjson/cci.20230929"):
            self.requires(library, visible=False)
        if self.options.cluster:
            self.requires("libcurl/[>=7.74 <9]")
        if self.options.servicectl:
            self.requires("ncurses/[>=6.2 <7]", visible=False, options={"with_widec": True})
            self.requires("openssl/[>=3 <4]", visible=False)
        if self.options.mocks:
            self.requires("gtest/[>=1.12 <2]", transitive_headers=True)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("servicekit runs on Linux only")
        check_min_cppstd(self, 20)

    def layout(self):
        cmake_layout(self)

    def generate(self):
        CMakeDeps(self).generate()
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["SERVICEKIT_TESTS"] = False
        toolchain.cache_variables["SERVICEKIT_EXAMPLES"] = False
        toolchain.cache_variables["SERVICEKIT_CLUSTER"] = "ON" if self.options.cluster else "OFF"
        toolchain.cache_variables["SERVICEKIT_LISP"] = "OFF"
        toolchain.cache_variables["SERVICEKIT_SERVICECTL"] = bool(self.options.servicectl)
        toolchain.cache_variables["SERVICEKIT_STATIC_BOOST"] = not self.dependencies["boost"].options.shared
        toolchain.cache_variables["CMAKE_DISABLE_FIND_PACKAGE_GTest"] = not self.options.mocks
        toolchain.generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan makes these files for what a project uses.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))
        rmdir(self, os.path.join(self.package_folder, "share"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "servicekit")
        library = self.cpp_info.components["servicekit"]
        library.set_property("cmake_target_name", "servicekit::servicekit")
        library.set_property("pkg_config_name", "servicekit")
        library.libs = ["servicekit"]
        library.requires = ["boost::log", "zlib::zlib"]
        library.system_libs = ["pthread", "dl"]
        if not self.options.shared:
            library.exelinkflags = ["-Wl,--undefined=servicekit_before_constructors"]
        if self.options.cluster:
            cluster = self.cpp_info.components["cluster"]
            cluster.set_property("cmake_target_name", "servicekit::cluster")
            cluster.set_property("pkg_config_name", "servicekit-cluster")
            cluster.libs = ["servicekit_cluster"]
            cluster.defines = ["SERVICEKIT_HAS_CLUSTER"]
            cluster.requires = ["servicekit", "libcurl::libcurl"]
        if self.options.mocks:
            mocks = self.cpp_info.components["mocks"]
            mocks.set_property("cmake_target_name", "servicekit::mocks")
            mocks.libs = ["servicekit_mocks"]
            mocks.requires = ["servicekit", "gtest::gmock"]
