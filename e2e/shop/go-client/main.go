// A program of the shop with Go's own resolver, which asks A and AAAA at once from two ports. Like main.js it repeats
// STEPS every EVERY_MS and says what it did on stdout; it knows the steps "connect" and "lookup".
package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"strconv"
	"time"
)

func main() {
	var steps []map[string]any
	if err := json.Unmarshal([]byte(os.Getenv("STEPS")), &steps); err != nil {
		panic(err)
	}
	every, err := strconv.Atoi(os.Getenv("EVERY_MS"))
	if err != nil {
		panic(err)
	}
	for {
		for _, step := range steps {
			run(step)
			step["at"] = time.Now().UnixMilli()
			_ = json.NewEncoder(os.Stdout).Encode(step)
			delete(step, "ok")
			delete(step, "failed")
		}
		time.Sleep(time.Duration(every) * time.Millisecond)
	}
}

func run(step map[string]any) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if name, ok := step["lookup"].(string); ok {
		addresses, err := net.DefaultResolver.LookupHost(ctx, name)
		if err != nil {
			step["failed"] = err.Error()
		} else {
			step["ok"] = addresses[0]
		}
		return
	}
	name, _ := step["connect"].(string)
	port, _ := step["port"].(float64)
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(name, strconv.Itoa(int(port))))
	if err != nil {
		step["failed"] = err.Error()
		return
	}
	step["ok"] = connection.RemoteAddr().String()
	_ = connection.Close()
}
