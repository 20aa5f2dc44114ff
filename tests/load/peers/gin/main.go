// Gin, only for GET /health.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go build -o OUT gin/main.go
//	OUT PORT
package main

import (
	"log"
	"net/http"
	"os"

	"github.com/gin-gonic/gin"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.GET("/health", func(c *gin.Context) {
		c.JSON(http.StatusOK, gin.H{"status": "healthy"})
	})
	log.Fatal(router.Run("127.0.0.1:" + os.Args[1]))
}
