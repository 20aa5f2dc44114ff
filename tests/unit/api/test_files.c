#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/files.h"
#include "base/memory.h"
#include "fakes/fake_folder.h"

static const char *root;

static int set_up(void **state)
{
    (void)state;
    root = fake_folder_make();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    fake_folder_remove();
    return 0;
}

static struct files *read_root(void)
{
    struct error error;
    struct files *files = files_read(root, &error);
    if (!files)
        fail_msg("%s", error.text);
    return files;
}

static const struct file *find(const struct files *files, const char *path)
{
    return files_find(files, bytes_of(path));
}

static void files_are_found_by_their_exact_path(void **state)
{
    (void)state;
    fake_folder_write("index.html", BYTES_LITERAL("<p>"));
    fake_folder_write("assets/deep/a.css", BYTES_LITERAL("p {}"));
    struct files *files = read_root();
    assert_bytes(find(files, "/index.html")->content, "<p>");
    assert_bytes(find(files, "/assets/deep/a.css")->content, "p {}");
    static const char *const others[] = {"index.html",
                                         "/index",
                                         "/assets",
                                         "/assets/",
                                         "/assets/deep",
                                         "/assets//deep/a.css",
                                         "/assets/../index.html",
                                         "/INDEX.HTML",
                                         "",
                                         "/index.html/",
                                         "/etc/passwd",
                                         "/../../etc/passwd"};
    for (size_t i = 0; i < COUNT(others); i++)
        assert_null(find(files, others[i]));
    files_free(files);
}

static void the_root_serves_the_index(void **state)
{
    (void)state;
    struct files *files = read_root();
    assert_null(find(files, "/"));
    files_free(files);
    fake_folder_write("index.html", BYTES_LITERAL("<p>"));
    files = read_root();
    assert_ptr_equal(find(files, "/"), find(files, "/index.html"));
    files_free(files);
}

static void the_type_depends_on_the_extension(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *type;
    } cases[] = {
        {"a.html", "text/html; charset=utf-8"},
        {"a.css", "text/css; charset=utf-8"},
        {"a.js", "text/javascript; charset=utf-8"},
        {"a.json", "application/json"},
        {"a.svg", "image/svg+xml"},
        {"a.png", "image/png"},
        {"a.min.js", "text/javascript; charset=utf-8"},
        {"a.unknown", "application/octet-stream"},
        {"plain", "application/octet-stream"},
    };
    char path[64];
    for (size_t i = 0; i < COUNT(cases); i++)
        fake_folder_write(cases[i].name, BYTES_LITERAL("x"));
    struct files *files = read_root();
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(path, sizeof path, "/%s", cases[i].name);
        assert_string_equal(find(files, path)->content_type, cases[i].type);
    }
    files_free(files);
}

static void the_etag_depends_on_the_content(void **state)
{
    (void)state;
    fake_folder_write("a.txt", BYTES_LITERAL("same"));
    fake_folder_write("b.txt", BYTES_LITERAL("same"));
    fake_folder_write("c.txt", BYTES_LITERAL("other"));
    struct files *files = read_root();
    const char *tag = find(files, "/a.txt")->etag;
    assert_string_equal(tag, find(files, "/b.txt")->etag);
    assert_string_not_equal(tag, find(files, "/c.txt")->etag);
    assert_int_equal(tag[0], '"');
    assert_int_equal(tag[strlen(tag) - 1], '"');
    files_free(files);
}

static void hidden_files_and_packages_are_not_served(void **state)
{
    (void)state;
    fake_folder_write(".env", BYTES_LITERAL("secret"));
    fake_folder_write(".git/config", BYTES_LITERAL("secret"));
    fake_folder_write("node_modules/x/index.js", BYTES_LITERAL("x"));
    struct files *files = read_root();
    assert_null(find(files, "/.env"));
    assert_null(find(files, "/.git/config"));
    assert_null(find(files, "/node_modules/x/index.js"));
    files_free(files);
}

static void any_bytes_are_served(void **state)
{
    (void)state;
    fake_folder_write("empty.txt", BYTES_LITERAL(""));
    fake_folder_write("bits.png", BYTES_LITERAL("\0\xff\n\0"));
    struct files *files = read_root();
    assert_int_equal(find(files, "/empty.txt")->content.len, 0);
    assert_true(bytes_equal(find(files, "/bits.png")->content,
                            BYTES_LITERAL("\0\xff\n\0")));
    files_free(files);
}

static void later_changes_are_not_read(void **state)
{
    (void)state;
    fake_folder_write("a.txt", BYTES_LITERAL("before"));
    struct files *files = read_root();
    fake_folder_write("a.txt", BYTES_LITERAL("after"));
    assert_bytes(find(files, "/a.txt")->content, "before");
    files_free(files);
}

static void assert_refused(const char *word)
{
    struct error error;
    assert_null(files_read(root, &error));
    if (!strstr(error.text, word))
        fail_msg("%s", error.text);
}

static void a_too_large_file_prevents_the_start(void **state)
{
    (void)state;
    char *content = memory_new(FILE_MAX + 1, 1);
    fake_folder_write("big.bin", (struct bytes){content, FILE_MAX});
    struct files *files = read_root();
    files_free(files);
    fake_folder_write("big.bin", (struct bytes){content, FILE_MAX + 1});
    free(content);
    assert_refused("big.bin");
}

static void too_many_files_prevent_the_start(void **state)
{
    (void)state;
    char name[32];
    for (int i = 0; i < FILES_MAX; i++) {
        snprintf(name, sizeof name, "%d.txt", i);
        fake_folder_write(name, BYTES_LITERAL("x"));
    }
    struct files *files = read_root();
    files_free(files);
    fake_folder_write("more.txt", BYTES_LITERAL("x"));
    assert_refused("more than 256 files");
}

static void a_broken_link_prevents_the_start(void **state)
{
    (void)state;
    char name[512];
    snprintf(name, sizeof name, "%s/link.txt", root);
    assert_int_equal(symlink("nowhere", name), 0);
    assert_refused("link.txt");
}

static void a_missing_folder_prevents_the_start(void **state)
{
    (void)state;
    struct error error;
    assert_null(files_read("/no/such/folder", &error));
    assert_non_null(strstr(error.text, "/no/such/folder"));
    files_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(files_are_found_by_their_exact_path),
        TEST(the_root_serves_the_index),
        TEST(the_type_depends_on_the_extension),
        TEST(the_etag_depends_on_the_content),
        TEST(hidden_files_and_packages_are_not_served),
        TEST(any_bytes_are_served),
        TEST(later_changes_are_not_read),
        TEST(a_too_large_file_prevents_the_start),
        TEST(too_many_files_prevent_the_start),
        TEST(a_broken_link_prevents_the_start),
        TEST(a_missing_folder_prevents_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
