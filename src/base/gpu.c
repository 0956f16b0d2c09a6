/* gpu.c - graphics processors, as the kernel's drivers show them: /proc/driver/nvidia where
 * NVIDIA's own driver is, else /sys/class/drm. No vendor library is needed to look. */
#include <ctype.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "base/machine.h"

enum { PATH_SIZE = 512, VENDOR_NVIDIA = 0x10de };

/* Vendors of PCI (pcisig.com); display adapters of virtual machines are not among them. */
static const struct {
    unsigned    id;
    const char *name;
} vendors[] = { { VENDOR_NVIDIA, "NVIDIA" }, { 0x1002, "AMD" }, { 0x8086, "Intel" } };

typedef struct gpu_list {
    const char *root;
    mc_gpu     *gpus;
    size_t      most, count;
    bool        nvidia_told; /* by its own driver */
} gpu_list;

static void add(gpu_list *list, const mc_gpu *gpu)
{
    if (list->count < list->most) list->gpus[list->count] = *gpu;
    list->count++;
}

/* The first line of a file, or of its lines the one that begins with `key`, without the key and
 * blanks around. */
static bool read_text(const char *path, const char *key, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    char  line[256];
    bool  found = false;

    if (!file) return false;
    while (!found && fgets(line, sizeof line, file)) {
        const char *text = line;
        size_t      length;
        if (key && strncmp(line, key, strlen(key)) != 0) continue;
        text += key ? strlen(key) : 0;
        text += strspn(text, " \t");
        length = strcspn(text, "\r\n");
        while (length > 0 && isspace((unsigned char)text[length - 1]))
            length--;
        snprintf(out, size, "%.*s", (int)length, text);
        found = out[0] != '\0';
    }
    fclose(file);
    return found;
}

static uint64_t read_number(const char *folder, const char *name)
{
    char     path[PATH_SIZE + 64], text[64];
    uint64_t number = 0;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (!read_text(path, NULL, text, sizeof text)) return 0;
    return sscanf(text, strncmp(text, "0x", 2) == 0 ? "%" SCNx64 : "%" SCNu64, &number) == 1
               ? number
               : 0;
}

static void visit(gpu_list *list, const char *below,
                  void (*look)(gpu_list *list, const char *folder, const char *name))
{
    char folder[PATH_SIZE / 2];
    DIR *open;

    snprintf(folder, sizeof folder, "%s%s", list->root, below);
    open = opendir(folder);
    if (!open) return;
    for (struct dirent *entry; (entry = readdir(open));)
        if (entry->d_name[0] != '.') look(list, folder, entry->d_name);
    closedir(open);
}

static void look_at_nvidia(gpu_list *list, const char *folder, const char *name)
{
    char   path[PATH_SIZE + 64];
    mc_gpu gpu = { 0 };

    snprintf(path, sizeof path, "%s/%s/information", folder, name);
    if (read_text(path, "Model:", gpu.name, sizeof gpu.name)) add(list, &gpu);
}

/* "card0", and not its connectors "card0-HDMI-A-1". */
static bool is_card(const char *name)
{
    return strncmp(name, "card", 4) == 0 && name[4] &&
           name[4 + strspn(name + 4, "0123456789")] == '\0';
}

static void look_at_card(gpu_list *list, const char *folder, const char *name)
{
    char     device[PATH_SIZE], path[PATH_SIZE + 64], product[96];
    unsigned vendor;
    mc_gpu   gpu = { 0 };

    if (!is_card(name)) return;
    snprintf(device, sizeof device, "%s/%.64s/device", folder, name);
    vendor = (unsigned)read_number(device, "vendor");
    snprintf(path, sizeof path, "%s/product_name", device);
    if (!read_text(path, NULL, product, sizeof product))
        snprintf(product, sizeof product, "GPU %04x", (unsigned)read_number(device, "device"));
    gpu.memory_total = read_number(device, "mem_info_vram_total");
    gpu.memory_used  = read_number(device, "mem_info_vram_used");
    for (size_t i = 0; i < MC_ARRAY_LEN(vendors); i++)
        if (vendors[i].id == vendor && !(vendor == VENDOR_NVIDIA && list->nvidia_told)) {
            snprintf(gpu.name, sizeof gpu.name, "%s %s", vendors[i].name, product);
            add(list, &gpu);
        }
}

size_t mc_gpus_read(const char *root, mc_gpu *gpus, size_t most)
{
    gpu_list list = { root, gpus, most, 0, false };

    visit(&list, "/proc/driver/nvidia/gpus", look_at_nvidia);
    list.nvidia_told = list.count > 0;
    visit(&list, "/sys/class/drm", look_at_card);
    return list.count;
}
