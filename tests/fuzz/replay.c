/* replay.c - a fuzz target without libFuzzer: runs every file of the folders and files on the
 * command line through it, also cut short at many lengths and with single bytes changed. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t inputs;

static void run(const uint8_t *data, size_t size)
{
    LLVMFuzzerTestOneInput(data, size);
    inputs++;
}

static void run_variants(uint8_t *data, size_t size)
{
    size_t step = size / 64 + 1;

    run(data, size);
    for (size_t i = 0; i < size; i += step) {
        uint8_t kept = data[i];
        run(data, i);
        data[i] = (uint8_t)(kept ^ (1u << i % 8));
        run(data, size);
        data[i] = 0xff;
        run(data, size);
        data[i] = kept;
    }
}

static int run_file(const char *path)
{
    FILE    *file = fopen(path, "rb");
    long     size = -1;
    uint8_t *data;

    if (file && fseek(file, 0, SEEK_END) == 0) size = ftell(file);
    if (size < 0) return fprintf(stderr, "cannot read %s\n", path), 1;
    data = malloc((size_t)size + 1);
    rewind(file);
    if (!data || fread(data, 1, (size_t)size, file) != (size_t)size)
        return fprintf(stderr, "cannot read %s\n", path), 1;
    fclose(file);
    run_variants(data, (size_t)size);
    free(data);
    return 0;
}

static int run_path(const char *path)
{
    struct stat    info;
    struct dirent *entry;
    DIR           *list;
    int            failed = 0;

    if (stat(path, &info) != 0) return fprintf(stderr, "no %s\n", path), 1;
    if (!S_ISDIR(info.st_mode)) return run_file(path);
    list = opendir(path);
    while (list && (entry = readdir(list))) {
        char inner[1024];
        if (entry->d_name[0] == '.') continue;
        snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
        failed |= run_path(inner);
    }
    if (list) closedir(list);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = argc < 2;

    for (int i = 1; i < argc; i++)
        failed |= run_path(argv[i]);
    printf("%zu inputs\n", inputs);
    return failed || inputs == 0;
}
