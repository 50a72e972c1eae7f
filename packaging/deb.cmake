# A Debian package of what `cmake --install` puts in place: `cpack --config build/release/CPackConfig.cmake`.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME zeus-energy)
set(CPACK_PACKAGE_CONTACT "The Zeus authors")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)  # Asks dpkg-shlibdeps, from the package dpkg-dev.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "libfmt-dev, liblzma-dev")  # For programs that link the library.
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "libpq5, libssl3")  # For `zeus serve` on PostgreSQL, and with tokens; opened at run time.
include(CPack)
